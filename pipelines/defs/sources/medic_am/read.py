"""Medic'AM to rows: the first sheet of a workbook, or its CSV; the columns of months gathered by month."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting import count_sheet
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.workbook import is_workbook, read_workbook

COLUMNS = {"CIP13": "cip13", "PRODUIT": "product", "Code ATC": "atc_code"}
OPTIONAL = ("PRODUIT", "Code ATC")
MONTHS = (
    *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
    *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
)


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one half-year; other columns are left out. Raises `Refused` without a CIP13 or an unreadable workbook."""
    gathered = {"boxes": _month_of_boxes, "amounts": _month_of_amounts}
    if is_workbook(name):
        yield from read_workbook(stream, table, COLUMNS, OPTIONAL, gathered)
    else:
        yield from read_quoted_csv(
            stream, table, columns=COLUMNS, delimiter=";", is_whole=False, optional=OPTIONAL, gathered=gathered
        )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the lines of a CSV by their ends, the rows of a workbook by their tags that hold a value."""
    return count_sheet(stream, name, delimiter=";")


def _month_of_boxes(header: str) -> str | None:
    return month(header) if "boite" in _plain(header) else None


def _month_of_amounts(header: str) -> str | None:
    return month(header) if "montant rembourse" in _plain(header) else None


def month(header: str) -> str | None:
    """Month `YYYY-MM` that a header names in digits or French words; None where it names none."""
    text = _plain(header)
    if digits := re.search(r"(20\d\d)[-/ ](0[1-9]|1[0-2])(?!\d)", text):
        return f"{digits[1]}-{digits[2]}"
    if words := re.search(rf"({'|'.join(MONTHS)})\s+(20\d\d)", text):
        return f"{words[2]}-{MONTHS.index(words[1]) + 1:02}"
    return None


def _plain(header: str) -> str:
    letters = unicodedata.normalize("NFKD", header)
    return "".join(c for c in letters if not unicodedata.combining(c)).lower()
