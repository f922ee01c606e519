"""BNPV sheets to rows: `;`, quoted fields, the header in capitals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

KEY = {"aer_id", "cas", "ver"}


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one sheet; only its key columns must be there. Raises `Refused` for a header with an unknown name."""
    columns = {c.upper(): c for c in table.source_columns()}
    optional = [c.upper() for c in table.source_columns() if c not in KEY]
    yield from read_quoted_csv(stream, table, columns=columns, delimiter=";", optional=optional)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter=";")
