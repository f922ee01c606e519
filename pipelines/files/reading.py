"""Bytes to rows: what the `read.py` of every source shares. No Spark session, no Dagster, no file system.

A reader yields Arrow tables in `read_schema(table)`: `line_number`, the authority's columns as strings, then `reason`
and `raw`. A record that is kept has no reason; one that can't be parsed has a reason and its text, and no values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.text import Refused

BATCH_ROWS, BATCH_CHARACTERS = 50_000, 1 << 26
MAX_RAW = 2_000
Reader = Callable[[BinaryIO, str, type[BronzeTable]], Iterator[pa.Table]]
Counter = Callable[[BinaryIO, str, type[BronzeTable]], int]


def read_schema(table: type[BronzeTable]) -> pa.Schema:
    """Arrow schema that a reader of this table yields."""
    fields = [pa.field("line_number", pa.int64())]
    fields += [pa.field(name, pa.string()) for name in table.source_columns()]
    return pa.schema([*fields, pa.field("reason", pa.string()), pa.field("raw", pa.string())])


def batch(table: type[BronzeTable], numbers: Sequence[int], rows: Sequence[Sequence[str | None]]) -> pa.Table:
    """Build an Arrow table of kept records from rows in the order of the table's source columns."""
    columns: list[Sequence[str | None]] = (
        list(zip(*rows, strict=True)) if rows else [[] for _ in table.source_columns()]
    )
    arrays = [pa.array(numbers, pa.int64()), *(pa.array(c, pa.string()) for c in columns)]
    nothing = pa.nulls(len(rows), pa.string())
    return pa.table([*arrays, nothing, nothing], schema=read_schema(table))


def rejected(table: type[BronzeTable], rejects: Sequence[tuple[int, str, str]]) -> pa.Table:
    """Build an Arrow table of refused records from (line number, reason, raw text)."""
    n = len(rejects)
    numbers, reasons, raws = zip(*rejects, strict=True) if rejects else ((), (), ())
    empty = [pa.nulls(n, pa.string()) for _ in table.source_columns()]
    raw = pa.array([r[:MAX_RAW] for r in raws], pa.string())
    columns = [pa.array(numbers, pa.int64()), *empty, pa.array(reasons, pa.string()), raw]
    return pa.table(columns, schema=read_schema(table))


def batches(
    table: type[BronzeTable], records: Iterable[tuple[int, Sequence[str | None] | None, str, str]]
) -> Iterator[pa.Table]:
    """Batch a stream of (line number, values or None, reason, raw), for formats that are read record by record."""
    numbers: list[int] = []
    rows: list[Sequence[str | None]] = []
    rejects: list[tuple[int, str, str]] = []
    size = 0
    for number, values, reason, raw in records:
        if values is None:
            rejects.append((number, reason, raw[:MAX_RAW]))
        else:
            numbers.append(number)
            rows.append(values)
            size += sum(map(len, filter(None, values)))
        if len(numbers) + len(rejects) >= BATCH_ROWS or size >= BATCH_CHARACTERS:
            yield from _flush(table, numbers, rows, rejects)
            numbers, rows, rejects, size = [], [], [], 0
    yield from _flush(table, numbers, rows, rejects)


def _flush(
    table: type[BronzeTable],
    numbers: Sequence[int],
    rows: Sequence[Sequence[str | None]],
    rejects: Sequence[tuple[int, str, str]],
) -> Iterator[pa.Table]:
    if rows:
        yield batch(table, numbers, rows)
    if rejects:
        yield rejected(table, rejects)


def header(
    line: str,
    delimiter: str,
    table: type[BronzeTable],
    rename: dict[str, str] | None = None,
    is_whole: bool = True,
) -> list[str]:
    """Column names of a header line, lower case, renamed by `rename`; raises `Refused` for a name not declared."""
    names = [name.strip().lower() for name in line.lstrip("\ufeff").strip("\r\n").split(delimiter)]
    return known_columns([(rename or {}).get(name, name) for name in names], table, is_whole)


def known_columns(names: Sequence[str], table: type[BronzeTable], is_whole: bool = True) -> list[str]:
    """Check header names against the table's own columns; raises `Refused` for one that is none of them."""
    if not names:
        raise Refused(f"no column in the header of {table.address()}")
    declared = set(table.source_columns())
    unknown = [name for name in names if name not in declared]
    if unknown and is_whole:
        raise Refused(unknown_column(names, unknown, table))
    known = [name for name in names if name in declared]
    if len(set(known)) != len(known):
        raise Refused(f"a column stands twice in the header of {table.address()}")
    return list(names)


def unknown_column(names: Sequence[str], unknown: Sequence[str], table: type[BronzeTable]) -> str:
    """Say which column of a header is not known: by its name in what is a header by most of its names, else by place.

    The first line of a file without a header is a record, and quoted nowhere; nor is any of a table that names persons.
    """
    is_header = 2 * len(unknown) <= len(names) and not table.names_persons()
    said = repr(unknown[0]) if is_header else f"in place {names.index(unknown[0]) + 1}"
    return f"unknown column {said} in the header of {table.address()}"


def with_required(names: Sequence[str], table: type[BronzeTable], required: Sequence[str]) -> None:
    """Refuse a file without a column that its rows mean nothing without."""
    if missing := [name for name in required if name not in names]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")
