"""Exposure from dispensed lines: persons counted once in each cell, quantities summed."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.gold.exposure.tables import Exposure
from pipelines.defs.silver.coded_report.conform import age_group
from pipelines.defs.silver.substance.spine import ingredients

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

FLOWS_TO_COMPLETE = 6
CELL = ("region", "sex", "age_group")
GRAINS = ((), ("region",), ("sex", "age_group"), CELL)
PERSON = ("source", "person", "substance_key", "month")


@reads(
    *("silver.dispensing", "silver.pack", "silver.pack_content"),
    *("silver.product_substance", "silver.substance_name"),
)
def exposure(tables: Tables) -> DataFrame:
    """Count persons and sum quantities of each substance and month, over all and by region, sex and age."""
    dispensed = tables["silver.dispensing"]
    month = F.last_day("dispensed_date")
    content = tables["silver.pack_content"].select("pack_key", "mg_per_pack")
    rows = dispensed.join(_substances(tables), on="pack_key", how="inner").join(content, on="pack_key", how="left")
    packs = F.when(F.col("kind") == "town", F.col("n_units"))
    known = F.col("mg_per_pack").isNotNull() & (F.col("n_substances") == 1)
    by_person = rows.withColumns(
        {
            "month": month,
            "region": F.coalesce("region", F.lit("unknown")),
            "sex": F.coalesce("sex", F.lit("unknown")),
            "age_group": F.coalesce(age_group(F.year("dispensed_date") - F.col("birth_year")), F.lit("unknown")),
        }
    )
    by_person = by_person.groupBy(*PERSON).agg(
        *[F.max(c).alias(c) for c in CELL],
        F.sum("n_units").alias("net"),
        F.sum(packs).alias("packs"),
        F.sum(F.when(F.col("kind") == "hospital", F.col("n_units"))).alias("units"),
        F.sum(F.when(known, packs * F.col("mg_per_pack"))).alias("mg"),
        F.sum(F.when(known, packs)).alias("packs_known"),
    )
    last_flow = dispensed.groupBy("source").agg(F.max("flow_last_date").alias("last_flow"))
    counted = reduce(lambda a, b: a.unionByName(b), [_counted(by_person, grain) for grain in GRAINS])
    dated = counted.join(F.broadcast(last_flow), on="source", how="inner")
    is_complete = F.months_between(F.trunc("last_flow", "month"), F.trunc("month", "month")) >= FLOWS_TO_COMPLETE
    share = F.when(F.col("n_packs") > 0, F.col("packs_known") / F.col("n_packs"))
    return conformed(
        dated.withColumns({"method": F.lit("dispensed"), "is_complete": is_complete, "share_with_content": share}).drop(
            "packs_known", "last_flow"
        ),
        Exposure,
    )


def _counted(by_person: DataFrame, grain: tuple[str, ...]) -> DataFrame:
    """Cells of one grain; what the grain leaves out is `all`."""
    cells = by_person.groupBy("source", "substance_key", "month", *grain).agg(
        F.count(F.when(F.col("net") > 0, 1)).alias("n_persons"),
        F.coalesce(F.sum("packs"), F.lit(0)).alias("n_packs"),
        F.coalesce(F.sum("units"), F.lit(0)).alias("n_hospital_units"),
        F.sum("mg").alias("mg"),
        F.sum("packs_known").alias("packs_known"),
    )
    return cells.withColumns({c: F.lit("all") for c in CELL if c not in grain})


def _substances(tables: Tables) -> DataFrame:
    """Substances of each pack of a town or hospital pharmacy, and how many the pack holds."""
    products = tables["silver.pack"].select("pack_key", "product_key").distinct()
    names = tables["silver.substance_name"].filter("kind <> 'brand'")
    held = ingredients(tables, names).select("product_key", "substance_key").distinct()
    town = products.join(held, on="product_key", how="inner").select("pack_key", "substance_key").distinct()
    units = tables["silver.pack_content"].filter("ucd_key IS NOT NULL").select("pack_key", "ucd_key")
    hospital = town.join(units, on="pack_key", how="inner").select(F.col("ucd_key").alias("pack_key"), "substance_key")
    both = town.unionByName(hospital.distinct())
    return both.join(both.groupBy("pack_key").agg(F.count("*").alias("n_substances")), on="pack_key", how="inner")
