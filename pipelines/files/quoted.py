"""Quoted CSV to rows: records over several lines, quotes that do not close, columns that stand once."""

from __future__ import annotations

import csv
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipelines.core import limits
from pipelines.core.table import BronzeTable
from pipelines.files.reading import MAX_RAW, batches, unknown_column, with_required
from pipelines.files.text import BLANKS, TOO_LONG, Again, LongLine, Refused, decode, numbered_lines

NO_END = "a quoted field without end"
PAIRS = re.compile(rb'(?:[^"]++|"")*+')
NO_RECORD = "no record of a CSV: a stray line end"


def read_own_csv(stream: BinaryIO, table: type[BronzeTable], optional: Sequence[str]) -> Iterator[pa.Table]:
    """Read a CSV in a layout of this platform: its header names the columns; `optional` is of all tables."""
    own = table.source_columns()
    told = [c for c in optional if c in own]
    yield from read_quoted_csv(stream, table, columns={c: c for c in own}, is_whole=False, optional=told)


def read_quoted_csv(
    stream: BinaryIO,
    table: type[BronzeTable],
    *,
    columns: dict[str, str],
    delimiter: str = ",",
    is_whole: bool = True,
    optional: Sequence[str] = (),
    constants: dict[str, str] | None = None,
    gathered: Mapping[str, Callable[[str], str | None]] | None = None,
) -> Iterator[pa.Table]:
    """Read a CSV with a header and quoted fields; `columns` maps header names to the table's columns.

    Blank lines before the header are passed over. Of several delimiters, the one that the first line holds most often
    is taken. `gathered` says of a column of the table which others it holds as one JSON object: the keys that it gives
    their header names.

    `is_whole` says that the header may hold no other name; else other columns are left. Names in `optional` may be
    missing. A column of the table that no header names takes its value from `constants`, else null. A record with
    another number of fields is rejected. Raises `Refused` for a header with unknown or missing names.
    """
    csv.field_size_limit(limits.TEXT_BYTES + 2)
    again = Again(stream)
    found = _csv_records(again, again.likeliest(delimiter))

    def laid_out(
        row: Sequence[str],
    ) -> tuple[list[str], list[tuple[int | None, str | None]], dict[str, dict[int, str]]]:
        names = _names(row)
        objects = gathered_places(names, gathered or {})
        taken_in = {i for places in objects.values() for i in places}
        unknown = [name for i, name in enumerate(names) if name not in columns and i not in taken_in]
        if is_whole and unknown:
            raise Refused(unknown_column(names, unknown, table))
        with_required(names, table, [name for name in columns if name not in optional])
        places = {column: names.index(name) for name, column in columns.items() if name in names}
        return names, [(places.get(c), (constants or {}).get(c)) for c in table.source_columns()], objects

    _, first, reason, _ = next(found, (0, [], "", ""))
    if first is None:
        raise Refused(f"the header of {table.address()} is no line of a CSV: {reason}")
    layout = laid_out(first)

    def records() -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
        nonlocal layout
        for at, row, reason, raw in found:
            if row is None:
                yield at, None, reason, raw
                continue
            names, order, objects = layout
            again = row[0].strip('\ufeff" ')
            if (again in columns or again == names[0]) and _is_header(row, names, columns):
                reason = "the header again: no record"
                try:
                    layout = laid_out(row)
                except Refused as refused:
                    reason = str(refused)
                yield at, None, reason, raw
            elif len(row) != len(names):
                yield at, None, f"{len(names)} fields expected, {len(row)} found", raw
            else:
                values = [constant if i is None else row[i] for i, constant in order]
                yield at, with_gathered(values, row, objects, table), "", ""

    yield from batches(table, records())


def _csv_records(stream: BinaryIO, delimiter: str) -> Iterator[tuple[int, list[str] | None, str, str]]:
    """Records of a CSV: (number of the first line, fields, "", text), or without fields and why there are none."""
    empty, whole = f'{BLANKS}{delimiter}"', deque[str]()
    rows = csv.reader(iter(whole.popleft, None), delimiter=delimiter)
    for number, record, reason in quoted_records(stream, delimiter):
        text = decode(record).rstrip("\r")
        if reason:
            yield number, None, reason, text[:MAX_RAW]
        elif text.strip(empty) or _says_something(text, delimiter):
            whole.append(text)
            try:
                yield number, next(rows), "", text
            except csv.Error:
                yield number, None, NO_RECORD, text[:MAX_RAW]


def _says_something(text: str, delimiter: str) -> bool:
    """Tell whether of blanks, delimiters and quotes some are part of a field that is not blank."""
    return any(field.strip(BLANKS) for field in next(csv.reader((text.replace("\r", " "),), delimiter=delimiter)))


def quoted_records(stream: BinaryIO, delimiter: str) -> Iterator[tuple[int, bytes, str]]:
    """Cut a CSV into (number of the first line, bytes, why it is no record): `limits.TEXT_BYTES` says by which rule."""
    lines = (line for _, chunk in numbered_lines(stream) for line in chunk)
    ahead: deque[bytes] = deque()  # lines that were looked at and are still to be read
    mark = re.escape(delimiter.encode())
    field = rb'(?:"(?:[^"]++|"")*+"[^%s]*+|(?!")[^%s]*+)' % (mark, mark)
    fields, others = re.compile(rb"%s(?:%s%s)*+" % (field, mark, field)), rb"[^%s]*+(?:%s%s)*+" % (mark, mark, field)
    closing = re.compile(rb'((?:[^"]++|"")*+)"(?:(?=[\r%s])|\Z)(%s)' % (mark, others))
    number = 1
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        taken, reason = [line], TOO_LONG if isinstance(line, LongLine) else ""
        if b'"' in line and not reason and (at := _open_field(fields.match(line), line)) >= 0:
            reason = _join(taken, at, ahead, lines, closing)
        yield number, line if len(taken) == 1 else b"\n".join(taken), reason
        number += len(taken)


def _open_field(found: re.Match[bytes] | None, line: bytes) -> int:
    """Where in a line a quoted field begins that does not end there; -1 where none does."""
    if found is None:
        return 0
    return -1 if found.end() == len(line) else found.end() + 1


def _join(taken: list[bytes], at: int, ahead: deque[bytes], lines: Iterator[bytes], closing: re.Pattern[bytes]) -> str:
    """Take the lines that belong to a record whose last line leaves a field open; returns why it is none."""
    while True:
        size, n = len(taken[-1]) - at, 0  # bytes of the field, of which the quote stands for the line feed
        while True:
            if n == len(ahead) and (following := next(lines, None)) is not None:
                ahead.append(following)
            if n == len(ahead) or size > limits.TEXT_BYTES:
                return NO_END
            line = ahead[n]
            n += 1
            if _quotes_are_pairs(line):
                size += len(line) + 1
                continue
            break
        found = closing.match(line)
        if found is None or size + found.end(1) > limits.TEXT_BYTES:
            return NO_END
        taken.extend(ahead.popleft() for _ in range(n))
        if isinstance(line, LongLine):
            return TOO_LONG
        if found.end() == len(line):
            return ""
        at = found.end() + 1


def _names(row: Sequence[str]) -> list[str]:
    """Names of a header's fields."""
    names = [name.strip() for name in row]
    return [names[0].lstrip("\ufeff").strip('"'), *names[1:]] if names else []


def _is_header(row: Sequence[str], names: Sequence[str], columns: Mapping[str, str]) -> bool:
    """Tell whether a row of joined files is a header again: the first, or another that names columns alone."""
    again = _names(row)
    return again == list(names) or (len(again) > 1 and all(name in columns for name in again))


def gathered_places(
    names: Sequence[str], gathered: Mapping[str, Callable[[str], str | None]]
) -> dict[str, dict[int, str]]:
    """Places of the fields that a column gathers, with their keys."""
    return {c: {i: k for i, n in enumerate(names) if (k := key(n)) is not None} for c, key in gathered.items()}


def with_gathered(
    values: list[str | None],
    row: Sequence[str | None],
    objects: Mapping[str, Mapping[int, str]],
    table: type[BronzeTable],
) -> list[str | None]:
    """Put the JSON objects of gathered fields into the values of a record."""
    for column, places in objects.items():
        told = {key: row[i] for i, key in places.items() if row[i]}
        values[table.source_columns().index(column)] = json.dumps(told, ensure_ascii=False)
    return values


def _quotes_are_pairs(line: bytes) -> bool:
    return PAIRS.fullmatch(line) is not None
