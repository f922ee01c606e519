"""Open PHMEV to rows: `;` between unquoted fields as published, or Parquet as copied."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting import count_delimited
from pipelines.files.delimited import read_delimited
from pipelines.files.parquet import read_parquet

REQUIRED = ("cip13", "boites", "etb_rgt")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file; columns that no table uses are left out. Raises `Refused` without pack, boxes or establishment."""
    if name.lower().endswith(".parquet"):
        yield from read_parquet(stream, table, required=REQUIRED)
    else:
        yield from read_delimited(stream, table, delimiter=";", required=REQUIRED, is_whole=False)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines after the header, or the rows that a Parquet file says it holds."""
    return count_delimited(stream, name)
