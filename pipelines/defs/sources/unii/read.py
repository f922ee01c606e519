"""UNII bytes to rows: tab between fields, no quotes, one header line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited

HEADER = {
    "name": "substance_name",
    "type": "name_type",
    "unii": "unii",
    "display name": "display_name",
    "pt": "display_name",
}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read the names; raises `Refused` for a header with another column."""
    yield from read_delimited(stream, table, delimiter="\t", rename=HEADER)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines that are not blank, the header left out."""
    return count_lines(stream, header_lines=1)
