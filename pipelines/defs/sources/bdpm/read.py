"""BDPM bytes to rows: tabs, no header, no quotes. Each line is decoded as UTF-8, else Windows-1252."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.bdpm.tables import BdpmCip13
from pipelines.files.counting_lines import count_lines
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.delimited import read_delimited
from pipelines.files.quoted import read_quoted_csv

CIP13_HEADER = {"CIP13": "cip13", "NOM COURT": "nom_court"}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file of the register; a tab more at the end of a line is taken as the years have it."""
    if table is BdpmCip13:
        yield from read_quoted_csv(stream, table, columns=CIP13_HEADER)
        return
    layout = table.source_columns()
    yield from read_delimited(stream, table, delimiter="\t", layout=layout, optional_trailing=True)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines that are not blank."""
    return count_quoted_lines(stream) if table is BdpmCip13 else count_lines(stream, header_lines=0)
