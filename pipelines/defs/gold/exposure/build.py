"""Exposure from every source, side by side, and how they agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.exposure import contents, dispensed, sold, supplied
from pipelines.defs.gold.exposure.tables import Exposure, ExposureReconciliation
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.lake import Lake


@step(Exposure, *contents.READS, *dispensed.READS, *sold.READS, *supplied.READS)
def exposure(lake: Lake) -> DataFrame:
    """Unite what was dispensed, sold and supplied, each by its own rule."""
    packs = cache(contents.substances(lake))
    parts = (dispensed.dispensed(lake, packs), sold.sold(lake, packs), supplied.supplied(lake, packs))
    first, second, third = (conformed(part, Exposure) for part in parts)
    return first.unionByName(second).unionByName(third)


@step(ExposureReconciliation, "gold.exposure")
def exposure_reconciliation(tables: Tables) -> DataFrame:
    """Compare every two sources that tell of the same substance, year and species."""
    rows = tables["gold.exposure"].filter("region = 'all' AND sex = 'all' AND age_group = 'all'")
    key = ["country", "substance_key", "year", "species"]
    by_source = (
        rows.withColumns({"year": F.year("month"), "is_whole": (F.col("n_months") == 12).cast("int")})
        .groupBy(*key, "source", "is_whole")
        .agg(F.sum("n_months").cast("int").alias("n_months"), exact_sum("n_packs").alias("n_packs"))
    )
    best = by_source.groupBy(*key, "source").agg(
        F.max_by("n_packs", "is_whole").alias("n_packs"), F.max_by("n_months", "is_whole").alias("n_months")
    )
    best = best.filter("n_packs <> 0")
    other = best.select(*key, *[F.col(c).alias(f"other_{c}") for c in ("source", "n_packs", "n_months")])
    pairs = best.join(other, on=key, how="inner").filter("source < other_source")
    one = F.col("n_packs")
    return conformed(
        pairs.withColumns(
            {"difference": F.col("other_n_packs") - one, "ratio": F.when(one != 0, F.col("other_n_packs") / one)}
        ),
        ExposureReconciliation,
    )
