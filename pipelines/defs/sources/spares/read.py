"""SPARES files to rows: CSV with a header, and a workbook of official figures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.spares.tables import SparesIncidence
from pipelines.files.counting import count_sheet
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.workbook import is_workbook, read_workbook

HEADER = {
    "spares_isolate": {"Date_week": "date_week", "bacterie": "bacterie", "n_res": "n_res", "n_tot": "n_tot"},
    "spares_bed_day": {"Date_week": "date_week", "nbjh": "nbjh"},
    "spares_use": {"Date_year": "date_year", "atb_class": "atb_class", "molDDD": "mol_ddd"},
    "spares_incidence": {"bacterie": "bacterie", "phenotype": "phenotype", "qrt": "qrt", "n": "n"},
}
OPTIONAL = {"region": "region", "Nbhosp": "nbhosp", "Nblits": "nblits", "di": "di"}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header is another."""
    others = {title: c for title, c in OPTIONAL.items() if c in table.source_columns()}
    columns = HEADER[table.name] | others
    if is_workbook(name):
        yield from read_workbook(stream, table, columns, tuple(others))
    else:
        is_whole = table is not SparesIncidence  # whose sheet has columns of checks too
        yield from read_quoted_csv(
            stream, table, columns=columns, delimiter=",", is_whole=is_whole, optional=tuple(others)
        )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out; of a workbook, its filled rows."""
    return count_sheet(stream, name)
