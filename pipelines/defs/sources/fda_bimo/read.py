"""Lists of inspected laboratories to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_quoted_csv

COLUMNS = {
    "District": "district",
    "Firm Name": "firm",
    "City": "city",
    "State": "state",
    "Zip": "zip_code",
    "Country/Area": "country",
    "Inspection End Date": "inspection_end_date",
    "Project Area": "project_area",
    "Center/Program Area": "center",
    "Inspection Classification": "classification",
}
OPTIONAL = ("District", "State", "Zip", "Project Area")


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one list; other columns are left. Raises `Refused` without a column that it needs."""
    yield from read_quoted_csv(stream, table, columns=COLUMNS, is_whole=False, optional=OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by their line ends outside of quotes."""
    return count_quoted_lines(stream)
