"""Substances by the names that registers print, where there is no code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def with_substance(rows: DataFrame, names: DataFrame, column: str) -> DataFrame:
    """Add `substance_key` of a name, upper case without accents, as `silver.substance_name` knows it; brands do not.

    Null where no substance has the name, or several have.
    """
    plain = F.translate(F.upper(F.trim(column)), "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜ", "AAACEEEEIIOOUUU")
    known = names.filter("kind <> 'brand' AND known_to IS NULL").groupBy("normalised_name")
    one = known.agg(F.min("substance_key").alias("substance_key"), F.countDistinct("substance_key").alias("n"))
    one = one.filter("n = 1").select(F.col("normalised_name").alias("_name"), "substance_key")
    return rows.withColumn("_name", plain).join(one, on="_name", how="left").drop("_name")
