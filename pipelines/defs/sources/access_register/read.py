"""Files of the register to rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from pipelines.core.table import BronzeTable
from pipelines.files.counting_quoted import count_quoted_lines
from pipelines.files.quoted import read_own_csv

OPTIONAL = (
    *("substance", "cis", "last_day", "published", "gmo_number", "events_per_1000_patient_months", "expected_by"),
    *("follow_up_years", "prescriber", "age_years", "sex", "weight_kg", "posology", "deferrable", "state_day"),
    *("form", "visited"),
)


def read(stream: BinaryIO, name: str, table: type[BronzeTable]) -> Iterator[pa.Table]:
    """Read one file; other columns, initials among them, are left. Raises `Refused` without one that it needs."""
    yield from read_own_csv(stream, table, OPTIONAL)


def count(stream: BinaryIO, name: str, table: type[BronzeTable]) -> int:
    """Count records by their line ends outside of quotes."""
    return count_quoted_lines(stream)
