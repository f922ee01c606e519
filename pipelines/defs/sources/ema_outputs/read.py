"""EMA's output tables to rows: CSV and JSON alike, under the keys of the JSON form."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_json import count_objects
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.json import parsed, records
from pipelines.files.quoted import quoted_records, read_quoted_csv
from pipelines.files.reading import batches
from pipelines.files.text import Again, Refused, decode

RENAMED = {"class": "class_of_substances"}
ADDRESS = "http"
Record = tuple[int, Sequence[str | None] | None, str, str]


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one table of either form; raises `Refused` for a header that lacks a column or has one more."""
    yield from batches(table, _objects(stream, table) if _is_json(name) else _mended(_lines(stream, table), table))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count objects, or records of the CSV behind its header."""
    is_json = name.lower().removesuffix(".gz").endswith(".json")
    return count_objects(stream) if is_json else count_quoted_lines(stream)


def key_of(header: str) -> str:
    """Key of the JSON form for a header of the CSV: `CHMP/CVMP opinion date` is `chmp_cvmp_opinion_date`."""
    key = re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_")
    return RENAMED.get(key, key)


def _is_json(name: str) -> bool:
    return name.lower().removesuffix(".gz").endswith(".json")


def _objects(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[Record]:
    columns = table.source_columns()
    for number, (data, problem) in enumerate(records(stream), start=1):
        try:
            if problem:
                raise ValueError(problem)
            yield number, _values(parsed(data), columns), "", ""
        except ValueError as error:
            yield number, None, str(error), data.decode("utf-8", "replace")


def _values(record: dict[str, Any], columns: Sequence[str]) -> list[str | None]:
    told = {RENAMED.get(key, key): value for key, value in record.items()}
    if unknown := [key for key in told if key not in columns]:
        raise ValueError(f"unknown key {unknown[0]!r}")
    if missing := [column for column in columns if column not in told]:
        raise ValueError(f"has no {missing[0]}")
    if nested := [key for key, value in told.items() if isinstance(value, (dict, list))]:
        raise ValueError(f"{nested[0]} is no text")
    return [None if told[c] is None else str(told[c]) for c in columns]


def _lines(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[dict[str, Any]]:
    """Rows of the CSV as they stand, refused ones too, in the order of the file."""
    again = Again(stream)
    names = _header(again.start)
    found = {key_of(name) for name in names}
    if missing := [c for c in table.source_columns() if c not in found]:
        raise Refused(f"column {missing[0]!r} is missing in the header of {table.address()}")
    columns = {name: key_of(name) for name in names if key_of(name) in table.columns}
    read_ones = read_quoted_csv(again, table, columns=columns, optional=names)
    return iter(sorted((row for part in read_ones for row in part.to_pylist()), key=lambda r: r["line_number"]))


def _header(start: bytes) -> list[str]:
    """Names of the first record that says something."""
    import io

    for _, record, _ in quoted_records(io.BytesIO(start), ","):
        text = decode(record)
        if text.strip(', "\r\n\ufeff'):
            return [name.strip() for name in next(csv.reader([text.lstrip("\ufeff")]), [])]
    return []


def _mended(rows: Iterable[dict[str, Any]], table: type[BronzeTable]) -> Iterator[Record]:
    """Join the records that a line feed inside of a cell has cut in two: the first part takes in what the second says.

    Such a first part has text up to some cell and no address; the second begins with the rest of that cell, and its
    address stands before blanks alone. The second part is quarantined with the line that it was joined to.
    """
    columns = table.source_columns()
    held: dict[str, Any] | None = None
    for row in chain(rows, [None]):
        joined = held and row and _joined([held[c] for c in columns], [row[c] for c in columns])
        if joined and held and row:
            yield held["line_number"], joined, "", ""
            yield row["line_number"], None, f"the rest of line {held['line_number']}, joined to it", _text(row, columns)
            held = None
            continue
        if held:
            yield held["line_number"], [held[c] for c in columns], "", ""
        held = None
        if row and row["reason"]:
            yield row["line_number"], None, row["reason"], row["raw"] or ""
        elif row:
            held = row


def _joined(first: Sequence[str | None], second: Sequence[str | None]) -> list[str | None] | None:
    """One record of its two parts; None where they are not such parts."""
    filled = [i for i, value in enumerate(first) if value]
    cut = filled[-1] if filled else -1
    rest = len(first) - cut - 1  # cells behind the one that was cut
    if cut < 0 or rest < 1 or not second[0] or not (second[rest] or "").startswith(ADDRESS):
        return None
    if any(second[rest + 1 :]):
        return None
    return [*first[:cut], f"{first[cut]}{second[0]}".replace('"', ""), *second[1 : rest + 1]]


def _text(row: dict[str, Any], columns: Sequence[str]) -> str:
    return ",".join(row[c] or "" for c in columns)
