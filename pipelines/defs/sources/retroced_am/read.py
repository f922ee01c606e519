"""Rétrocéd'AM to rows: the first sheet of a workbook, or its CSV."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting import count_sheet
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.workbook import is_workbook, read_workbook

COLUMNS = {
    "Code UCD": "code_ucd",
    "Libellé UCD": "label",
    "Code ATC": "atc_code",
    "Nombre d'UCD": "n_units",
    "Montant remboursé": "amount",
}
OPTIONAL = ("Libellé UCD", "Code ATC", "Montant remboursé")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one year. Raises `Refused` without code or units, or where the workbook can't be opened."""
    if is_workbook(name):
        yield from read_workbook(stream, table, COLUMNS, OPTIONAL)
    else:
        yield from read_quoted_csv(stream, table, columns=COLUMNS, delimiter=";", is_whole=False, optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the lines of a CSV by their ends, the rows of a workbook by their tags that hold a value."""
    return count_sheet(stream, name, delimiter=";")
