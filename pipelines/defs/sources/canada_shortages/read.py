"""Exports to rows: two tables in one file, each under its title, fields without quotes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_lines import count_lines
from pipelines.files.reading import batches
from pipelines.files.text import BLANKS, CHUNK_BYTES, TOO_LONG, LongLine, Refused, decode_line, numbered_lines

TITLE = re.compile(rb"(?i)(?:\xef\xbb\xbf)?(?:shortage|discontinuation) reports[ \t]*,?")
RENAMED = {
    "reason": "stated_reason",
    "shortage_status": "status",
    "discontinuation_status": "status",
    "anticipated_shortage_start_date": "anticipated_start_date",
    "shortage_start_date": "start_date",
    "estimated_shortage_end_date": "estimated_end_date",
    "actual_shortage_end_date": "actual_end_date",
    "discontinuation_descision_reversal": "is_reversed",  # as the export spells it
    "discontinuation_decision_reversal": "is_reversed",
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one export; raises `Refused` where it does not begin with a title, or a title has no known header."""
    yield from batches(table, _records(stream, table))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines that say something, but for titles and the headers below them."""
    data = b"".join(iter(lambda: stream.read(CHUNK_BYTES), b""))
    ends_by_returns = data.count(b"\r") - data.count(b"\r\n") > data.count(b"\n")
    lines = data.split(b"\r" if ends_by_returns else b"\n")
    return count_lines(io.BytesIO(data), header_lines=0) - 2 * sum(bool(TITLE.fullmatch(x.strip())) for x in lines)


def _records(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[tuple[int, Sequence[str | None] | None, str, str]]:
    columns = table.source_columns()
    places: dict[str, int] = {}
    is_titled, n_fields = False, 0
    for start, lines in numbered_lines(stream):
        for number, line in enumerate(lines, start=start):
            text = decode_line(line).strip(BLANKS)
            if not text:
                continue
            fields = text.removesuffix(",").split(",")
            if is_titled:
                places, n_fields, is_titled = _header(fields, table), len(fields), False
            elif TITLE.fullmatch(line.strip()):
                is_titled = True
            elif not places:
                raise Refused("begins with no title of a table: no export of reports")
            elif isinstance(line, LongLine):
                yield number, None, TOO_LONG, text
            elif len(fields) != n_fields:
                yield number, None, f"{n_fields} fields expected, {len(fields)} found", text
            else:
                yield number, [fields[places[c]] if c in places else None for c in columns], "", ""
    if is_titled:
        raise Refused("ends behind the title of a table")


def _header(fields: Sequence[str], table: type[BronzeTable]) -> dict[str, int]:
    """Places of the columns; raises `Refused` for a header with another, or without the number of the report."""
    keys = [re.sub(r"[^a-z0-9]+", "_", f.lower()).strip("_") for f in fields]
    names = [RENAMED.get(key, key) for key in keys]
    if unknown := [n for n in names if n not in table.source_columns()]:
        raise Refused(f"unknown column {unknown[0]!r} in the header of {table.address()}")
    if "report_id" not in names or len(set(names)) != len(names):
        raise Refused(f"the header of {table.address()} names no report, or a column twice")
    return {name: i for i, name in enumerate(names)}
