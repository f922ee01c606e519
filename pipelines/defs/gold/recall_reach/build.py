"""From recalls and batches to what was distributed, where, and to how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.recall_reach.tables import RecallReach
from pipelines.defs.silver.substance.spine import ingredients
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

RECALL = ["source", "event_id", "product_id"]


@step(
    RecallReach,
    *("silver.recall", "silver.recall_batch", "silver.batch", "silver.batch_distribution", "silver.pack"),
    *("silver.product_substance", "silver.substance_name", "gold.batch_watch", "gold.exposure"),
)
def recall_reach(tables: Tables) -> DataFrame:
    """Add up what went out of the batches of each recall that stands."""
    recalls = cache(in_few_tasks(tables["silver.recall"]).filter("is_current"))
    known = cache(_batches(tables, recalls))
    named = tables["silver.recall_batch"].join(recalls.select(*RECALL, "valid_from"), on=[*RECALL, "valid_from"])
    counts = named.groupBy(*RECALL).agg(F.count("*").cast("int").alias("n_batches"))
    reached = _reached(tables, known)
    told = recalls.select(*RECALL, "pack_key", "agency", "product_name", "recall_class", "recall_date", "scope").join(
        counts, on=RECALL, how="left"
    )
    joined = told.join(F.broadcast(reached), on=RECALL, how="left")
    joined = joined.join(F.broadcast(_persons(tables, recalls)), on="pack_key", how="left")
    why = F.when(F.col("pack_key").isNull(), "the register gives no pack")
    why = why.when(F.col("n_batches_known") == 0, "no register of batches holds its batches")
    why = why.when(F.col("n_packs").isNull(), "no distribution of its batches is known")
    return conformed(
        joined.fillna(0, ["n_batches", "n_batches_known"])
        .withColumns({"n_persons": F.col("n_packs") * F.col("persons_a_pack"), "not_computed": why})
        .drop("pack_key"),
        RecallReach,
    )


def _batches(tables: Tables, recalls: DataFrame) -> DataFrame:
    """Batches of the register that each recall is about: by number and pack, or all of the pack."""
    held = in_few_tasks(tables["silver.batch"]).filter("is_current").select("batch_key", "pack_key")
    current = recalls.select(*RECALL, "valid_from", "scope")
    named = tables["silver.recall_batch"].filter("batch_key IS NOT NULL").join(current, on=[*RECALL, "valid_from"])
    listed = named.join(held, on="batch_key", how="inner")
    every = recalls.filter("scope = 'all' AND pack_key IS NOT NULL").join(held, on="pack_key", how="inner")
    return listed.select(*RECALL, "batch_key").unionByName(every.select(*RECALL, "batch_key")).distinct()


def _reached(tables: Tables, known: DataFrame) -> DataFrame:
    """Packs, doses, places and reports of the batches of each recall."""
    sent = in_few_tasks(tables["silver.batch_distribution"]).filter("is_current")
    sums = [F.sum(c).alias(c) for c in ("n_packs", "n_doses")]
    by_batch = sent.groupBy("batch_key").agg(*sums, F.collect_set("department").alias("places"))
    named = tables["gold.batch_watch"].filter("is_latest").groupBy("batch_key").agg(F.max("n_reports").alias("n"))
    joined = known.join(by_batch, on="batch_key", how="left").join(named, on="batch_key", how="left")
    return joined.groupBy(*RECALL).agg(
        F.count("*").cast("int").alias("n_batches_known"),
        F.sum("n_packs").alias("n_packs"),
        F.sum("n_doses").alias("n_doses"),
        F.array_sort(F.array_distinct(F.flatten(F.collect_list("places")))).alias("departments"),
        F.coalesce(F.sum("n"), F.lit(0)).alias("n_reports"),
    )


def _persons(tables: Tables, recalls: DataFrame) -> DataFrame:
    """Persons treated over packs dispensed in the months of the pack's substances: pack_key, persons_a_pack."""
    packs = recalls.select("pack_key").filter("pack_key IS NOT NULL").distinct()
    products = tables["silver.pack"].filter("is_current").select("pack_key", "product_key").distinct()
    held = packs.join(products, on="pack_key").join(ingredients(tables), on="product_key")
    counted = tables["gold.exposure"].filter(
        "country = 'FR' AND n_months = 1 AND region = 'all' AND sex = 'all' AND age_group = 'all' "
        "AND n_treated IS NOT NULL AND n_packs > 0"
    )
    treated = held.select("pack_key", "substance_key").distinct().join(counted, on="substance_key")
    ratio = F.try_divide(exact_sum("n_treated"), exact_sum("n_packs"))
    return treated.groupBy("pack_key").agg(ratio.alias("persons_a_pack"))
