"""From what deliveries state to rows of a versioned table: one rule for registers without versions of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.table import Table
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions, first_of_day

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def versioned(rows: DataFrame, table: type[Table]) -> DataFrame:
    """Rows of the table with their versions, by its key; each delivery of a `slot` is its full state.

    `rows` has `known_date`, `slot`, `file`, `line_number`, the key and what it knows of the other columns. Of rows of
    one key and delivery the first in the file stands. Rows whose key has a null are left out: what they say of it could
    not be read, which is counted where it is read.
    """
    key = [c for c in table.key if c != "valid_from"]
    return conformed(extracted_versions(first_of_day(rows.dropna(subset=key), key), key), table)
