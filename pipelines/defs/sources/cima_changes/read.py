"""Extractions of the register of changes to rows: the objects of the array `registros`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_json import count_objects
from pipelines.files.json import parsed, records
from pipelines.files.reading import batches
from pipelines.files.text import CHUNK_BYTES, whole

LIST, KNOWN_LIST = b'"registros"', b'"results"'  # the name under which records are cut out of an answer
REQUIRED = ("nreg", "fecha")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one extraction, or several one behind another."""
    yield from batches(table, _objects(io.BytesIO(whole(stream).replace(LIST, KNOWN_LIST)), table))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count objects of the array."""
    data = b"".join(iter(lambda: stream.read(CHUNK_BYTES), b""))
    return count_objects(io.BytesIO(data.replace(LIST, KNOWN_LIST)))


def _objects(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[tuple[int, list[str | None] | None, str, str]]:
    columns = table.source_columns()
    for number, (data, problem) in enumerate(records(stream), start=1):
        try:
            if problem:
                raise ValueError(problem)
            told = parsed(data)
            if unknown := [key for key in told if key not in columns]:
                raise ValueError(f"unknown key {unknown[0]!r}")
            if missing := [key for key in REQUIRED if not told.get(key)]:
                raise ValueError(f"has no {missing[0]}")
            yield number, [_text(told.get(c)) for c in columns], "", ""
        except ValueError as error:
            yield number, None, str(error), data.decode("utf-8", "replace")


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        raise ValueError("holds a list or an object where a text is expected")
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
