"""From acts on pairs to the days that count, by authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.recognition.classes import CLASSES
from pipelines.defs.gold.recognition.tables import Recognition
from pipelines.defs.silver.substance.codes import atc_codes
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

PAIR = ["substance_key", "term_key", "species", "authority"]
DISCUSSED, ACTED = ("signal_discussed",), ("signal_recommendation", "product_information_change")


def coverage(lake: Tables) -> dict[str, float]:
    """Acts that name a reaction, those coded in full, and the pairs that they date."""
    subjects = lake["silver.regulatory_event_subject"].filter("term_printed IS NOT NULL")
    row = subjects.agg(
        F.count("*").alias("told"),
        F.count("substance_key").alias("substance"),
        F.count("term_key").alias("term"),
        F.count_if(F.col("substance_key").isNotNull() & F.col("term_key").isNotNull()).alias("both"),
    ).first()
    pairs = lake["gold.recognition"].select("substance_key", "term_key", "species").distinct().count()
    return {
        "subjects that name a reaction": float(row["told"]) if row else 0.0,
        "with a coded substance": float(row["substance"]) if row else 0.0,
        "with a coded reaction": float(row["term"]) if row else 0.0,
        "with both": float(row["both"]) if row else 0.0,
        "pairs": float(pairs),
    }


@step(
    Recognition,
    *("silver.regulatory_event_subject", "silver.substance", "silver.term"),
    measure=coverage,
)
def recognition(tables: Tables) -> DataFrame:
    """Date every pair that acts name, a class by its members."""
    subjects = in_few_tasks(tables["silver.regulatory_event_subject"]).filter("term_key IS NOT NULL")
    own = subjects.filter("substance_key IS NOT NULL").withColumn("basis", F.lit("substance"))
    of_class = subjects.filter("substance_key IS NULL").join(
        F.broadcast(_members(tables["silver.substance"])),
        on=F.upper(F.trim("substance_printed")) == F.col("class_printed"),
        how="inner",
    )
    of_class = of_class.select(*subjects.drop("substance_key").columns, F.col("member").alias("substance_key"))
    every = own.unionByName(of_class.withColumn("basis", F.lit("class"))).withColumn("species", _species())
    rows = every.groupBy(*PAIR).agg(
        F.max("basis").alias("basis"),  # what names the substance is told before what names its class
        *_first_of(DISCUSSED, "opened"),
        *_first_of(ACTED, "acted"),
        F.min_by("known_from", F.struct("first_shown", "known_from")).alias("public_from"),
        F.max(F.when(~F.col("is_action"), F.greatest("known_from", "first_shown"))).alias("_without"),
        F.countDistinct("source", "event_id", "act_kind", "act_date").cast("int").alias("n_acts"),
    )
    is_negative = F.col("acted_date").isNull() & F.col("_without").isNotNull()
    outcome = F.when(F.col("acted_date").isNotNull(), "acted").when(is_negative, "no_action").otherwise("open")
    names = tables["silver.substance"].filter("known_to IS NULL").select("substance_key", "substance_name")
    terms = tables["silver.term"].filter("known_to IS NULL").select("term_key", "term_name")
    told = rows.withColumns({"outcome": outcome, "negative_until": F.when(is_negative, F.col("_without"))})
    named = told.drop("_without").join(names, on="substance_key", how="left").join(terms, on="term_key", how="left")
    return conformed(named, Recognition)


def _first_of(kinds: tuple[str, ...], name: str) -> list[Column]:
    """Date of the first act of some kinds, and since when it could be known, as the first delivery of any told it."""
    is_one = F.col("act_kind").isin(*kinds)
    order = F.when(is_one, F.struct("first_shown", "act_date", "known_from"))
    return [
        F.min_by(F.when(is_one, F.col("act_date")), order).alias(f"{name}_date"),
        F.min_by(F.when(is_one, F.col("known_from")), order).alias(f"{name}_known_from"),
    ]


def _species() -> Column:
    animal = F.coalesce(F.lower(F.trim("species")), F.lit("all"))
    return F.when(F.col("domain") == "human", "human").otherwise(animal)


def _members(substances: DataFrame) -> DataFrame:
    """Members of each class: class_printed, member."""
    groups = [(name, group) for name, listed in CLASSES.items() for group in listed]
    listed = substances.sparkSession.createDataFrame(groups, "class_printed string, group string")
    known = substances.filter("known_to IS NULL").select(
        F.col("substance_key").alias("member"), F.explode(atc_codes()).alias("code")
    )
    joined = known.join(F.broadcast(listed), on=F.col("code").startswith(F.col("group")), how="inner")
    return joined.select("class_printed", "member").distinct()
