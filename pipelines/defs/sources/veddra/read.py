"""VeDDRA lists, as CSV or workbook, to rows."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from pipelines.core.reading import Refused, batches, count_quoted_lines, read_quoted_csv
from pipelines.core.table import BronzeTable

COLUMNS = {
    "New Line No.": "new_line_no",
    "New line no.": "line_id",
    "Current System Organ Class (SOC) Term": "soc_name",
    "Current SOC Key": "soc_code",
    "Current High Level Term (HLT)": "hlt_name",
    "Current HLT Key": "hlt_code",
    "Current Preferred Term (PT)": "pt_name",
    "Current PT Key": "pt_code",
    "Current Low Level Term (LLT)": "llt_name",
    "Current LLT Key": "llt_code",
    "Current Term Type": "term_type",
}
Row = tuple[object, ...]


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a list; raises `Refused` where the header is not VeDDRA's or the workbook can't be opened."""
    if name.lower().endswith(".xlsx"):
        yield from _read_workbook(io.BytesIO(stream.read()), table)
    else:
        yield from read_quoted_csv(stream, table, columns=COLUMNS)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the lines of a CSV by their ends, the rows of a workbook by their tags that hold a value."""
    if not name.lower().endswith(".xlsx"):
        return count_quoted_lines(stream)
    with zipfile.ZipFile(io.BytesIO(stream.read())) as archive:
        sheet = min(n for n in archive.namelist() if n.startswith("xl/worksheets/sheet"))
        rows = re.split(rb"<row[ >]", archive.read(sheet))[1:]
    return sum(1 for row in rows if re.search(rb"<(v|t)[ >]", row)) - 1


def _read_workbook(data: BinaryIO, table: type[BronzeTable]) -> Iterator[pa.Table]:
    import openpyxl

    try:
        rows = list(
            openpyxl.load_workbook(data, read_only=True, data_only=True).worksheets[0].iter_rows(values_only=True)
        )
    except (zipfile.BadZipFile, ParseError, KeyError, IndexError, ValueError, TypeError, OSError, EOFError):
        raise Refused("the workbook can't be opened") from None
    names = [_text(cell) for cell in (rows[0] if rows else ())]
    if missing := [name for name in COLUMNS if name not in names]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")
    order = {column: names.index(name) for name, column in COLUMNS.items()}
    yield from batches(table, _records(rows[1:], [order[c] for c in table.source_columns()]))


def _records(rows: Sequence[Row], order: Sequence[int]) -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
    for number, row in enumerate(rows, start=2):
        cells = [_text(cell) for cell in row]
        if not any(cells):
            continue
        if len(cells) <= max(order):
            yield number, None, f"{max(order) + 1} cells expected, {len(cells)} found", " | ".join(map(str, cells))
        else:
            yield number, [cells[i] for i in order], "", ""


def _text(cell: object) -> str | None:
    """A cell as the list would show it: whole numbers without decimals, blanks trimmed, nothing as null."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell).strip() or None
