"""Exposure of animals from supplies: animals and days as prescribers declare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.gold.exposure.contents import doses
from pipelines.defs.gold.exposure.grains import ALL, CELL
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

READS = ("silver.animal_supply",)


def supplied(tables: Tables, packs: DataFrame) -> DataFrame:
    """Animals, packs, milligrams and days by substance and species, by month and by year."""
    standing = tables["silver.animal_supply"].filter("flow_to IS NULL")
    lines = standing.join(F.broadcast(packs), on="pack_key", how="inner")
    year_end = F.make_date(F.year("supply_date"), F.lit(12), F.lit(31))
    summed = _summed(lines, F.last_day("supply_date"), 1).unionByName(_summed(lines, year_end, 12))
    dosed = summed.join(F.broadcast(doses(tables, "dddvet")), on=["substance_key", "species"], how="left")
    last = tables["silver.animal_supply"].agg(F.max("flow_date").alias("last_flow"))
    return (
        dosed.crossJoin(F.broadcast(last))
        .withColumns(
            {
                "country": F.lit("FR"),
                **{c: F.lit(ALL) for c in CELL},
                "method": F.lit("supplied"),
                "n_hospital_units": F.lit(0.0),
                "share_with_content": F.when(F.col("n_packs") > 0, F.col("packs_known") / F.col("n_packs")),
                "n_daily_doses": F.col("mg") / F.col("dddvet"),
                "is_complete": F.col("last_flow") > F.col("month"),
            }
        )
        .drop("packs_known", "dddvet", "last_flow")
    )


def _summed(lines: DataFrame, month: Column, n_months: int) -> DataFrame:
    own = lines.withColumns({"month": month, "n_months": F.lit(n_months)})
    packs, known = F.coalesce("n_packs", F.lit(0.0)), F.col("mg_per_pack").isNotNull()
    return own.groupBy("source", "substance_key", "month", "n_months", "species").agg(
        F.sum("n_animals").cast("double").alias("n_treated"),
        exact_sum(packs).alias("n_packs"),
        exact_sum(packs * F.col("mg_per_pack")).alias("mg"),
        exact_sum(F.when(known, packs)).alias("packs_known"),
        exact_sum(F.col("n_animals") * F.col("duration_days")).alias("treatment_days"),
    )
