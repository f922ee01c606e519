"""GL42 batches to rows, one a message; lists of nullified cases to rows, one a name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
from pydantic_core import to_json

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.gl42.message import message
from pipelines.defs.sources.gl42.tables import Gl42Nullified
from pipelines.files.counting import count_messages
from pipelines.files.counting_lines import count_lines
from pipelines.files.reading import batches
from pipelines.files.text import BLANKS, TOO_LONG, LongLine, decode_line, numbered_lines
from pipelines.files.xml import Messages, Parser

CUT_AT = "PORR_IN049006UV"
NULLIFIED = re.compile(r"[A-Z]{2}-(FDACVM-\d{4}-[A-Z]{2}|(?!FDA)[A-Z]+)-\d{6}\.xml")
Record = tuple[int, Sequence[str | None] | None, str, str]


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a batch or a list; raises `Refused` for a batch without messages."""
    records = _names(stream) if table is Gl42Nullified else _messages(stream, table.source_columns())
    yield from batches(table, records)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count start tags of messages and what stands behind them, or lines that are not blank."""
    return count_lines(stream, header_lines=0) if table is Gl42Nullified else count_messages(stream, "PORR_IN049006UV")


def _names(stream: BinaryIO) -> Iterator[Record]:
    for first, lines in numbered_lines(stream):
        for number, line in enumerate(lines, start=first):
            name = decode_line(line).strip(BLANKS)
            if isinstance(line, LongLine):
                yield number, None, TOO_LONG, name
            elif not name:
                continue
            elif NULLIFIED.fullmatch(name):
                yield number, [name], "", ""
            else:
                yield number, None, "no name of a case file", name


def _messages(stream: BinaryIO, columns: Sequence[str]) -> Iterator[Record]:
    head: bytes | None = None
    for found in Messages(stream, CUT_AT):
        if found.head is not head:
            head, parse = found.head, Parser(found.head)
        try:
            if found.problem:
                raise ValueError(found.problem)
            values = message(parse(found.data))
            if not values.get("unique_aer_id_number"):
                raise ValueError("A.4.1: the report has no unique identification number")
            yield found.number, [_text(values.get(c, values.get(f"_{c}"))) for c in columns], "", ""
        except ValueError as error:
            yield found.number, None, str(error), ""


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else to_json(value).decode()
