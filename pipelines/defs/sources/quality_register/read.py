"""Files of the registers to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_own_csv

OPTIONAL = (
    "street_address",
    "activities",
    "deficiency",
    "method",
    "department",
    "doses",
    "packs",
    "expiry",
    "stated_reason",
)


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one register; other columns are left. Raises `Refused` without a column that it needs."""
    yield from read_own_csv(stream, table, OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by their line ends outside of quotes."""
    return count_quoted_lines(stream)
