"""Exposure from dispensed lines: a person counts once in each month and once in each year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pyspark.sql import functions as F

from pipelines.defs.gold.exposure.contents import doses
from pipelines.defs.gold.exposure.people import counted
from pipelines.frames.columns import looked_up

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake

READS = ("silver.dispensing", "silver.insured")
FLOWS_TO_COMPLETE = 6
NATIONAL = {"snds": "FR"}


def dispensed(lake: Lake, packs: DataFrame) -> DataFrame:
    """Persons with a positive net quantity, and quantities, by month and by year."""
    cells = counted(lake, pl.DataFrame(packs.toArrow()))
    last = lake["silver.dispensing"].groupBy("source").agg(F.max("flow_date").alias("last_flow"))
    dated = cells.join(F.broadcast(last), on="source", how="inner")
    dose = doses(lake, "ddd").drop("species")
    known = dated.join(F.broadcast(dose), on="substance_key", how="left")
    is_complete = F.months_between(F.trunc("last_flow", "month"), F.trunc("month", "month")) >= FLOWS_TO_COMPLETE
    daily = F.col("mg") / F.col("ddd")
    return known.withColumns(
        {
            "country": F.coalesce(looked_up(F.col("source"), NATIONAL), F.lit("ZZ")),
            "species": F.lit("human"),
            "method": F.lit("dispensed"),
            "is_complete": is_complete,
            "share_with_content": F.when(F.col("n_packs") > 0, F.col("packs_known") / F.col("n_packs")),
            "n_daily_doses": daily,
            "treatment_days": daily,
        }
    ).drop("packs_known", "last_flow", "ddd")
