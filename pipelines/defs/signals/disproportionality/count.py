"""Counting: from case versions to the month-by-month change of every pair and margin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.signals.disproportionality.tables import ANY, PairCount
from pipelines.defs.silver.report.tables import SUSPECT_ROLES

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

CELL = ("population", "substance_key", "term_key", "month")


@reads("silver.report_history", "silver.report", "silver.report_product", "silver.report_event")
def pair_count(tables: Tables) -> DataFrame:
    """Count distinct reports, as signed changes: a version adds at the month end it is first known, and is taken off
    at the month end at which another has taken its place. Versions that no month end saw cancel out.
    """
    heads = tables["silver.report"].filter("is_cluster_head").select("report_key")
    versions = (
        tables["silver.report_history"]
        .filter("NOT is_retracted")
        .join(heads, on="report_key", how="left_semi")
        .select("report_key", "report_version", *_interval(), _populations().alias("populations"))
        .filter("month_to IS NULL OR month_to > month_from")
    )
    key = ["report_key", "report_version"]
    substances = (
        tables["silver.report_product"]
        .filter(F.col("role").isin(*SUSPECT_ROLES) & F.col("substance_keys").isNotNull())
        .select(*key, F.explode("substance_keys").alias("substance_key"))
        .groupBy(*key)
        .agg(F.collect_set("substance_key").alias("substances"))
    )
    events = (
        tables["silver.report_event"]
        .filter("term_key IS NOT NULL")
        .groupBy(*key)
        .agg(F.collect_set("term_key").alias("terms"))
    )
    seen = versions.join(substances, on=key, how="left").join(events, on=key, how="left")
    changes = _signed(seen).select(
        F.explode("populations").alias("population"), _with_any("substances"), _with_any("terms"), "month", "sign"
    )
    cells = changes.select(
        "population", F.explode("substances").alias("substance_key"), "terms", "month", "sign"
    ).select("population", "substance_key", F.explode("terms").alias("term_key"), "month", "sign")
    counted = cells.groupBy(*CELL).agg(F.sum("sign").alias("n_change")).filter("n_change <> 0")
    return conformed(counted, PairCount)


def _interval() -> tuple[Column, Column]:
    """Month ends between which a version is the one known: the first at or after its start, and after its end."""
    return F.last_day("known_from").alias("month_from"), F.last_day("known_to").alias("month_to")


def _populations() -> Column:
    """Populations a report belongs to: its domain, and for animals its species."""
    by_species = F.array(F.lit("veterinary"), F.concat(F.lit("veterinary:"), F.col("species")))
    return F.when(F.col("domain") == "veterinary", by_species).otherwise(F.array("domain"))


def _with_any(column: str) -> Column:
    return F.concat(F.array(F.lit(ANY)), F.coalesce(F.col(column), F.array().cast("array<string>"))).alias(column)


def _signed(versions: DataFrame) -> DataFrame:
    ends = F.array(
        F.struct(F.col("month_from").alias("month"), F.lit(1).alias("sign")),
        F.struct(F.col("month_to").alias("month"), F.lit(-1).alias("sign")),
    )
    return (
        versions.withColumn("end", F.explode(ends)).filter("end.month IS NOT NULL").select("*", "end.month", "end.sign")
    )
