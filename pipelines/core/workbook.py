"""The first sheet of a workbook (xlsx) to rows of text, its first row as header; for readers."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from pipelines.core.reading import Refused, batches, gathered_places, with_gathered
from pipelines.core.table import BronzeTable

Row = tuple[object, ...]


def is_workbook(name: str) -> bool:
    """Tell a workbook by its name."""
    return name.lower().endswith(".xlsx")


def read_workbook(
    stream: BinaryIO,
    table: type[BronzeTable],
    columns: Mapping[str, str],
    optional: Sequence[str] = (),
    gathered: Mapping[str, Callable[[str], str | None]] | None = None,
) -> Iterator[pa.Table]:
    """Read the first sheet; `columns` maps names of its header to the table's columns.

    Names in `optional` may be missing; `gathered` is as in `read_quoted_csv`. Raises `Refused` where the workbook can't
    be opened or a column is missing.
    """
    rows = workbook_rows(stream)
    names = [cell_text(cell) for cell in (rows[0] if rows else ())]
    if missing := [name for name in columns if name not in names and name not in optional]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")
    places = {column: names.index(name) for name, column in columns.items() if name in names}
    objects = gathered_places([name or "" for name in names], gathered or {})
    order = [places.get(c) for c in table.source_columns()]
    yield from batches(table, _records(rows[0] if rows else (), rows[1:], order, objects, table))


def workbook_rows(stream: BinaryIO) -> list[Row]:
    """Rows of the first sheet, all of one length. Raises `Refused` where the workbook can't be opened."""
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(stream.read()), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones, which would end the sheet early
        rows = list(sheet.iter_rows(values_only=True))
        width = max(map(len, rows), default=0)
        return [(*row, *[None] * (width - len(row))) for row in rows]
    except (zipfile.BadZipFile, zlib.error, ParseError, KeyError, IndexError, ValueError, TypeError, OSError, EOFError):
        raise Refused("the workbook can't be opened") from None


def _records(
    head: Row,
    rows: Sequence[Row],
    order: Sequence[int | None],
    objects: Mapping[str, Mapping[int, str]],
    table: type[BronzeTable],
) -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
    last = max([i for i in order if i is not None] + [i for places in objects.values() for i in places], default=0)
    for number, row in enumerate(rows, start=2):
        cells = [cell_text(cell) for cell in row]
        if not any(cells):
            continue
        if row == head:
            yield number, None, "the header again: no record", " | ".join(map(str, cells))
        elif len(cells) <= last:
            yield number, None, f"{last + 1} cells expected, {len(cells)} found", " | ".join(map(str, cells))
        else:
            values = [None if i is None else cells[i] for i in order]
            yield number, with_gathered(values, cells, objects, table), "", ""


def cell_text(cell: object) -> str | None:
    """A cell as the sheet would show it: whole numbers without decimals, blanks trimmed, nothing as null."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell).strip() or None
