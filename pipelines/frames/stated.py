"""From what deliveries state to rows of a versioned table: one rule for registers without versions of their own.

All take rows with `known_date`, `slot` (of which each delivery is the full state), `file` and `line_number`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.table import Table
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions, first_of_day, known_since

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def delivered(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Versions by a key; of rows of one key and delivery the first in the file stands."""
    return extracted_versions(first_of_day(rows, key), key)


def versioned(rows: DataFrame, table: type[Table]) -> DataFrame:
    """Rows of the table with their versions, by its key.

    `rows` has the key and what it knows of the other columns. Rows whose key has a null are left out: what they say of
    it could not be read, which is counted where it is read.
    """
    key = [c for c in table.key if c != "valid_from"]
    return conformed(delivered(rows.dropna(subset=key), key), table)


def dated(rows: DataFrame, table: type[Table], source: str, key: Sequence[str], day: str) -> DataFrame:
    """Versions of dated facts, known since the rule of `known_since` says; `day` names the column of the date.

    `rows` has a row a fact and delivery: key, content, and `published_date` where the source states it.
    """
    if "published_date" not in rows.columns:
        rows = rows.withColumn("published_date", F.lit(None).cast("date"))
    known = known_since(delivered(rows, key).withColumn("source", F.lit(source)), key, F.col(day))
    return conformed(known.drop(*{day} - set(table.columns)), table)
