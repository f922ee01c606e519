"""Defined daily doses to rows: `;` between unquoted fields, a header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file; raises `Refused` without code, dose or unit."""
    yield from read_delimited(stream, table, delimiter=";", is_whole=False, required=("atc", "ddd", "unit"))


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines after the header."""
    return count_lines(stream, header_lines=1)
