"""OMOP tables to rows: comma between quoted fields, tab between unquoted ones, or Parquet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting import count_parquet
from pipelines.files.counting_quoted import count_tabbed_or_quoted
from pipelines.files.delimited import read_delimited
from pipelines.files.parquet import read_parquet
from pipelines.files.quoted import read_quoted_csv
from pipelines.files.text import Again


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file; columns that no table uses are left out. Raises `Refused` where one that is used is missing."""
    columns = table.source_columns()
    if name.lower().endswith(".parquet"):
        yield from read_parquet(stream, table, required=columns)
        return
    again = Again(stream)
    if again.has_tabs():
        yield from read_delimited(again, table, delimiter="\t", required=columns, is_whole=False)
    else:
        yield from read_quoted_csv(again, table, columns={c: c for c in columns}, is_whole=False)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by line ends, outside quotes where there are any, or as the Parquet file says."""
    if name.lower().endswith(".parquet"):
        return count_parquet(stream)
    return count_tabbed_or_quoted(stream)
