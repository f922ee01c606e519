"""ESVAC and ASU files to rows: CSV with a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.esvac.tables import EsvacAsuUse, EsvacSalesTonnes
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

SALES = {"Country": "country", "Antibiotic sales (tonnes)": "tonnes", "Year": "year"}
RATIO = {"Entity": "entity", "Year": "year", "mg_per_pcu": "mg_per_pcu"}
OPTIONAL = ("dcdvet_mg_per_kg", "via")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header is another."""
    own = {column: column for column in table.source_columns()}
    columns = SALES if table is EsvacSalesTonnes else RATIO if table.name == "esvac_mg_pcu" else own
    delimiter = ";" if table is EsvacAsuUse else ","
    yield from read_quoted_csv(stream, table, columns=columns, delimiter=delimiter, optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=";" if table is EsvacAsuUse else ",")
