"""E2B files to rows: one message, one row; a message that breaks a rejecting rule is put aside with its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
from pydantic_core import to_json

from pipelines.core.reading import batches
from pipelines.core.table import BronzeTable
from pipelines.core.xml import Messages, Parser, count_messages
from pipelines.defs.sources.e2b import r2, r3
from pipelines.defs.sources.e2b.rules import broken, rejection

R3, R2 = "PORR_IN049016UV", "safetyreport"
CUT_AT = R3
HEADER = ("message_number", "safety_report_id", "message_sender", "message_receiver", "message_created", "batch_number")
LISTS = ("other_case_ids", "linked_reports", "reporters", "reactions", "tests", "drugs", "warnings")
HEAD_BYTES = 1 << 16
BATCH_ID = re.compile(rb"""<(?:\w+:)?id\s+[^>]*extension\s*=\s*["']([^"']*)["']""")
R2_TAG = re.compile(rb"<(safetyreport|SAFETYREPORT)[ \t\r\n>]|<safetyreportid>")
# FDA's public files lack the first start tag in one quarter; another has two end tags too many, which harm nobody.
NO_START = re.compile(rb"(</ichicsrmessageheader>\s*)(?=<safetyreportid>)")
Record = tuple[int, Sequence[str | None] | None, str, str]


class Begun:
    """A stream whose first bytes have been looked at, perhaps mended: reads them, then on."""

    def __init__(self, stream: BinaryIO):
        """Read the head of a stream."""
        self._stream, self.head = stream, stream.read(HEAD_BYTES)
        self.is_r2 = R3.encode() not in self.head and R2_TAG.search(self.head) is not None
        self._left = NO_START.sub(rb"\1<safetyreport>", self.head, count=1) if self.is_r2 else self.head

    def read(self, n: int = -1) -> bytes:
        """Read on."""
        if self._left:
            data, self._left = self._left, b""
            return data
        return self._stream.read(n)


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read a batch of R3 messages, or a file of R2 reports; raises `Refused` where it holds neither."""
    begun = Begun(stream)
    records = _r2(begun, table.source_columns()) if begun.is_r2 else _r3(begun, table.source_columns())
    yield from batches(table, records)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the start tags of messages."""
    begun = Begun(stream)
    return count_messages(begun, _r2_tag(begun.head) if begun.is_r2 else R3)  # type: ignore[arg-type]


def _r3(begun: Begun, columns: Sequence[str]) -> Iterator[Record]:
    messages = Messages(begun, R3)  # type: ignore[arg-type]
    parse: Parser | None = None
    batch: str | None = None
    for found in messages:
        if parse is None:
            parse = Parser(messages.head)
            number = BATCH_ID.search(messages.head)
            batch = number[1].decode("utf-8", "replace") if number else None
        try:
            if found.problem:
                raise ValueError(found.problem)
            yield _row(found.number, {**r3.message(parse(found.data)), "batch_number": batch}, columns)
        except ValueError as error:
            yield found.number, None, str(error), ""


def _r2(begun: Begun, columns: Sequence[str]) -> Iterator[Record]:
    messages = Messages(begun, _r2_tag(begun.head), may_name_dtd=True)  # type: ignore[arg-type]
    parse: Parser | None = None
    for found in messages:
        parse = parse or Parser(messages.head)
        try:
            if found.problem:
                raise ValueError(found.problem)
            root = parse(found.data)
            for element in root.iter():
                element.tag = str(element.tag).rpartition("}")[2].lower()
            yield _row(found.number, r2.report(root, _header(messages.head, b"messagesenderidentifier")), columns)
        except ValueError as error:
            yield found.number, None, str(error), ""


def _r2_tag(head: bytes) -> str:
    found = R2_TAG.search(head)
    return (found[1] or b"safetyreport").decode() if found else R2


def _header(head: bytes, tag: bytes) -> str | None:
    found = re.search(rb"<" + tag + rb">\s*([^<]+)", head, re.IGNORECASE)
    return found[1].decode("utf-8", "replace").strip() if found else None


def _row(number: int, values: dict[str, Any], columns: Sequence[str]) -> Record:
    """One message as kept, or as rejected by the rules: then its numbers alone stand as what was sent."""
    rules = list(broken(values))
    if any(rule.is_rejection for rule in rules):
        return number, None, rejection(rules), to_json({name: values.get(name) for name in HEADER}).decode()
    values["warnings"] = [rule.number for rule in rules]
    for name in LISTS:
        values[name] = to_json(values[name]).decode() if values.get(name) else None
    return number, [values.get(c) for c in columns], "", ""
