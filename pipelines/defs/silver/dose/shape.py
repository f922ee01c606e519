"""What the lists of doses share: names of substances and species."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def named_dose(doses: DataFrame, names: DataFrame) -> DataFrame:
    """Rows of `silver.daily_dose`: the substance looked up by its name, the delivery a full state of its list."""
    known = names.filter("kind <> 'brand' AND known_to IS NULL").select(
        F.col("normalised_name").alias("name"), "substance_key"
    )
    named = doses.withColumn("name", F.upper("dose_name")).join(known, on="name", how="left").drop("name")
    dated = named.withColumn("slot", F.concat_ws("/", "source", "kind"))
    return conformed(extracted_versions(dated, ["source", "kind", "dose_name", "species", "route"]), DailyDose)
