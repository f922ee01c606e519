"""Plants, their drugs, and what each vigilance knows of them, joined by the substance of their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.plant_view.tables import GUISES, PlantView
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

PIGMENT = r"^CI \d{5}$"
EMPTY = ("synonyms", "parts", "interacts_with")


@step(PlantView, "silver.plant", "silver.plant_product", "gold.signal", "gold.interaction")
def plant_view(tables: Tables) -> DataFrame:
    """One row a plant; pigments and ingredients of several vigilances beside them."""
    plants = (
        tables["silver.plant"]
        .filter("is_current")
        .groupBy("plant")
        .agg(
            F.max("substance_key").alias("substance_key"),
            F.max("author").alias("author"),
            F.array_distinct(F.flatten(F.collect_list("synonyms"))).alias("synonyms"),
        )
    )
    drugs = (
        tables["silver.plant_product"]
        .filter("is_current")
        .groupBy("plant")
        .agg(
            F.array_sort(F.collect_set(F.when(~F.col("is_combination"), F.col("part")))).alias("parts"),
            F.countDistinct(F.when(~F.col("is_combination"), F.col("product_key"))).cast("int").alias("n_drugs"),
            F.countDistinct(F.when(F.col("is_combination"), F.col("product_key"))).cast("int").alias("n_combinations"),
            F.count_if(~F.col("is_combination") & F.col("outcome").contains("monograph"))
            .cast("int")
            .alias("n_monographs"),
        )
    )
    guises = _guises(tables)
    known = plants.join(drugs, on="plant", how="left").withColumn("kind", F.lit("plant"))
    whole = known.join(guises, on="substance_key", how="left").drop("name")
    n_guises = sum((F.col(f"n_reports_{g}") > 0).cast("int") for g in GUISES.values())
    kind = F.when(F.col("name").rlike(PIGMENT), "pigment").when(n_guises > 1, "ingredient")
    others = guises.join(plants.select("substance_key").distinct(), on="substance_key", how="left_anti")
    others = others.withColumn("kind", kind).filter("kind IS NOT NULL").withColumnRenamed("name", "plant")
    own = others.filter("kind = 'pigment' OR n_reports_cosmetic + n_reports_tattoo + n_reports_supplement > 0")
    both = in_few_tasks(whole.unionByName(own, allowMissingColumns=True))
    numbers = [c for c in both.columns if c.startswith("n_")]
    nothing = {c: F.coalesce(F.col(c), F.array().cast("array<string>")) for c in EMPTY}
    return conformed(both.fillna(0, numbers).withColumns(nothing), PlantView)


def _guises(tables: Tables) -> DataFrame:
    """Reports of each substance by vigilance, signals and interactions: one row a substance."""
    signal = tables["gold.signal"].filter("is_latest AND population = domain")
    own = {g: F.max(F.when(F.col("domain") == d, F.col("a") + F.col("b"))) for d, g in GUISES.items()}
    reports = [F.coalesce(n, F.lit(0)).alias(f"n_reports_{guise}") for guise, n in own.items()]
    counted = signal.groupBy("substance_key").agg(
        F.max("substance_name").alias("name"), *reports, F.count_if(F.col("is_ic_signal")).alias("n_signals")
    )
    pairs = tables["gold.interaction"].filter("is_signal")
    ways = (("substance_key", "substance_name_2"), ("substance_key_2", "substance_name"))
    one, other = (pairs.select(F.col(k).alias("substance_key"), F.col(n).alias("_with")) for k, n in ways)
    both = one.unionByName(other).groupBy("substance_key")
    met = both.agg(F.array_sort(F.collect_set("_with")).alias("interacts_with"))
    return counted.join(met, on="substance_key", how="left")
