"""What feeds of environmental sources share: substances by name, versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.table import Table
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions, first_of_day

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def with_substance(rows: DataFrame, names: DataFrame, column: str) -> DataFrame:
    """Add `substance_key` of a name, upper case without accents, as `silver.substance_name` knows it; brands do not."""
    plain = F.translate(F.upper(F.trim(column)), "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜ", "AAACEEEEIIOOUUU")
    known = names.filter("kind <> 'brand' AND known_to IS NULL").groupBy("normalised_name")
    one = known.agg(F.min("substance_key").alias("substance_key"), F.countDistinct("substance_key").alias("n"))
    one = one.filter("n = 1").select(F.col("normalised_name").alias("_name"), "substance_key")
    return rows.withColumn("_name", plain).join(one, on="_name", how="left").drop("_name")


def dated(rows: DataFrame, table: type[Table], key: Sequence[str]) -> DataFrame:
    """Rows of one of the tables with their versions; each delivery of a `slot` is its full state."""
    whole = rows.dropna(subset=list(key))
    return conformed(extracted_versions(first_of_day(whole, list(key)), list(key)), table)
