"""The open data file to rows: an array of objects with Chinese keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_json import count_objects
from pipelines.files.json import parsed, records
from pipelines.files.reading import batches

KEYS = {
    "回收分級": "recall_class",
    "文號": "act_number",
    "日期": "day",
    "產品": "product",
    "許可證字號": "licence",
    "批號": "batches",
    "許可證持有者": "holder",
    "原因": "stated_reason",
}
REQUIRED = ("日期", "產品")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one state, or several one behind another."""
    yield from batches(table, _objects(stream, table))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count objects of the array."""
    return count_objects(stream)


def _objects(stream: BinaryIO, table: type[BronzeTable]) -> Iterator[tuple[int, list[str | None] | None, str, str]]:
    for number, (data, problem) in enumerate(records(stream), start=1):
        try:
            if problem:
                raise ValueError(problem)
            told = parsed(data)
            if unknown := [key for key in told if key not in KEYS]:
                raise ValueError(f"unknown key {unknown[0]!r}")
            if missing := [key for key in REQUIRED if not told.get(key)]:
                raise ValueError(f"has no {missing[0]}")
            row = {KEYS[key]: _text(value) for key, value in told.items()}
            yield number, [row.get(c) for c in table.source_columns()], "", ""
        except ValueError as error:
            yield number, None, str(error), data.decode("utf-8", "replace")


def _text(value: object) -> str | None:
    if isinstance(value, (dict, list)):
        raise ValueError("holds a list or an object where a text is expected")
    return None if value is None else str(value)
