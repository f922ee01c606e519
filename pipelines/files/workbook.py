"""The first sheet of a workbook (xlsx) to rows of text, its first row as header; for readers."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO
from xml.etree.ElementTree import ParseError

import pyarrow as pa

from pipelines.core import limits
from pipelines.core.table import BronzeTable
from pipelines.files.quoted import gathered_places, with_gathered
from pipelines.files.reading import batches
from pipelines.files.text import BLANKS, Refused, expansion, whole

Row = tuple[object, ...]
ROW = re.compile(rb"<(?:\w+:)?row(?=[\s/>])([^>]*)>")
NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d+)["']""")
# columns behind XFD, rows behind 1,048,576 (by its digits), references that are escaped
BEYOND = re.compile(rb"""\sr=["'](?:[A-Za-z]{4,}|[A-Za-z]*(?:1[1-9]|[2-9]\d)\d{5}|[A-Za-z]*\d{8,}|[^"']*&)""")


def is_workbook(name: str) -> bool:
    """Tell a workbook by its name."""
    return name.lower().removesuffix(".gz").endswith(".xlsx")


def read_workbook(
    stream: BinaryIO,
    table: type[BronzeTable],
    columns: Mapping[str, str],
    optional: Sequence[str] = (),
    gathered: Mapping[str, Callable[[str], str | None]] | None = None,
) -> Iterator[pa.Table]:
    """Read the first sheet, its first filled row as header; `columns` maps names of it to the table's columns.

    Names in `optional` may be missing; `gathered` is as in `read_quoted_csv`. Rows of blanks are no records. Raises
    `Refused` where the workbook can't be opened or a column is missing.
    """
    rows = _filled(stream)
    _, head = next(rows, (0, []))
    names = [name or "" for name in head]
    if missing := [name for name in columns if name not in names and name not in optional]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")
    places = {column: names.index(name) for name, column in columns.items() if name in names}
    objects = gathered_places(names, gathered or {})
    order = [places.get(c) for c in table.source_columns()]
    yield from batches(table, _records(head, rows, order, objects, table))


def workbook_rows(stream: BinaryIO) -> list[Row]:
    """Rows of the first sheet, all of one length. Raises `Refused` where the workbook can't be opened."""
    rows = list(_rows(stream))
    width = max(map(len, rows), default=0)
    return [(*row, *[None] * (width - len(row))) for row in rows]


def _rows(stream: BinaryIO) -> Iterator[Row]:
    """Rows of the first sheet one by one, each as long as its last cell."""
    import openpyxl

    data = whole(stream)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if problem := expansion(sum(m.file_size for m in archive.infolist()), len(data), limits.WORKBOOK_BYTES):
                raise Refused(problem)
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write wrong ones, which would end the sheet early
        with sheet._get_source() as source:
            if problem := _misplaced(source.read()):
                raise Refused(problem)
        yield from sheet.iter_rows(values_only=True)
    except (zipfile.BadZipFile, zlib.error, ParseError, LookupError, ValueError, TypeError, OSError, EOFError):
        raise Refused("the workbook can't be opened") from None
    except (AttributeError, NotImplementedError, RuntimeError):  # openpyxl on parts that are missing or not its own
        raise Refused("the workbook can't be opened") from None


def _misplaced(sheet: bytes) -> str | None:
    """Say that cells are where no sheet has any, or rows not one below the other: openpyxl would pass over them."""
    if BEYOND.search(sheet):
        return "the sheet names cells beyond the last column or row that a sheet may have"
    last = 0
    for attributes in ROW.findall(sheet):
        told = NUMBER.search(attributes)
        number = int(told[1]) if told else last + 1
        if number <= last:
            return "the rows of the sheet are not in their order"
        last = number
    return None


def _filled(stream: BinaryIO) -> Iterator[tuple[int, list[str | None]]]:
    """Rows that hold more than blanks, as texts, with their numbers."""
    for number, row in enumerate(_rows(stream), start=1):
        cells = [cell_text(cell) for cell in row]
        if any(cells):
            yield number, cells


def _records(
    head: Sequence[str | None],
    rows: Iterable[tuple[int, list[str | None]]],
    order: Sequence[int | None],
    objects: Mapping[str, Mapping[int, str]],
    table: type[BronzeTable],
) -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
    for number, row in rows:
        cells = row + [None] * (len(head) - len(row))
        if cells[: len(head)] == head and not any(cells[len(head) :]):
            yield number, None, "the header again: no record", " | ".join(map(str, cells))
        else:
            values = [None if i is None else cells[i] for i in order]
            yield number, with_gathered(values, cells, objects, table), "", ""


def cell_text(cell: object) -> str | None:
    """A cell as the sheet would show it: whole numbers without decimals, blanks trimmed, nothing as null."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return None if cell is None else str(cell).strip(BLANKS) or None
