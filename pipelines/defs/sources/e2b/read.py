"""E2B files to rows: one message, one row; a message that breaks a rejecting rule is quarantined with its rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
from pydantic_core import to_json

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.e2b import r2, r3
from pipelines.defs.sources.e2b.rules import broken, rejection
from pipelines.files.counting import count_messages
from pipelines.files.reading import batches
from pipelines.files.xml import Messages, Parser

if TYPE_CHECKING:
    from lxml.etree import _Element

R3, R2 = "PORR_IN049016UV", ("SAFETYREPORT", "safetyreport")
CUT_AT = R3
HEADER = ("message_number", "safety_report_id", "message_sender", "message_receiver", "message_created", "batch_number")
LISTS = (
    *("other_case_ids", "linked_reports", "reporters", "reactions", "tests", "drugs", "warnings"),
    *("medical_history", "drug_history", "races", "ethnicities", "study_registrations", "sender_diagnoses"),
)
BATCH_ID = re.compile(rb"""<(?:\w+:)?id\s+[^>]*extension\s*=\s*["']([^"']*)["']""")
# FDA's public files lack the first start tag in one quarter; another has two end tags too many, which harm nobody.
LOST_START = rb"(?<=</ichicsrmessageheader>)[ \t\r\n]*+<safetyreportid>"
Record = tuple[int, Sequence[str | None] | None, str, str]


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read R3 messages and R2 reports, of one batch or of several behind each other.

    Raises `Refused` where the file holds neither.
    """
    yield from batches(table, _records(stream, table.source_columns()))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count the start tags of messages, and what stands behind them."""
    lost = rb"(?<=</ichicsrmessageheader>)[ \t\r\n]*<safetyreportid>"
    return count_messages(stream, "PORR_IN049016UV", "SAFETYREPORT", "safetyreport", lost_start=lost)


def _records(stream: BinaryIO, columns: Sequence[str]) -> Iterator[Record]:
    head: bytes | None = None
    for found in Messages(stream, R3, *R2, may_name_dtd=R2, lost_start=LOST_START):
        if found.head is not head:
            head, parse, of_head = found.head, Parser(found.head), _told_by(found.head)
        try:
            if found.problem:
                raise ValueError(found.problem)
            root = parse(found.data)
            values = r3.message(root) if found.element == R3 else r2.report(_lower(root))
            yield _row(found.number, {**values, **of_head[found.element == R3]}, columns)
        except ValueError as error:
            yield found.number, None, str(error), ""


def _told_by(head: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the head of a document tells of all its messages: of R2 reports, of R3 messages."""
    number = BATCH_ID.search(head)
    batch = number[1].decode("utf-8", "replace") if number else None
    return {"message_sender": _header(head, b"messagesenderidentifier")}, {"batch_number": batch}


def _lower(root: _Element) -> _Element:
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2].lower()
    return root


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
