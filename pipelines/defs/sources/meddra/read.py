"""MedDRA `.asc` files to rows: `$` between and behind the fields, no header, no quotes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_lines import count_lines
from pipelines.files.delimited import read_delimited


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file of a release; a line with another number of fields is rejected."""
    layout = table.source_columns()
    yield from read_delimited(stream, table, delimiter="$", layout=layout, optional_trailing=True)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count lines that are not blank."""
    return count_lines(stream, header_lines=0)
