"""Declarations to rows: `;` between quoted fields; the report's figures with commas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.anmv_sales.tables import AnmvSalesAlea
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one year. Raises `Refused` where the header is another."""
    columns = {column: column for column in table.source_columns()}
    yield from read_quoted_csv(
        stream, table, columns=columns, delimiter="," if table is AnmvSalesAlea else ";", optional=("via",)
    )


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count line ends outside quotes, the header left out."""
    return count_quoted_lines(stream, delimiter="," if table is AnmvSalesAlea else ";")
