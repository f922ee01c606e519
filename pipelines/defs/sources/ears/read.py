"""EARS counts to rows: tabbed or comma-separated text with a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

MARKS = "\t,;"


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file. Raises `Refused` where the header is another."""
    columns = {c: c for c in table.source_columns()}
    yield from read_quoted_csv(stream, table, columns=columns, delimiter=MARKS, optional=("year",))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=MARKS)
