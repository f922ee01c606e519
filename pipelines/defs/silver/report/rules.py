"""Rules of the reports that no column declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.across import WARNING, Across

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

MOST_DROPPED, LEAST_CASES = 0.10, 100


def _gaps(tables: Tables) -> DataFrame:
    by_case = Window.partitionBy("report_key").orderBy("report_version")
    following = tables["silver.report_history"].withColumn("next_from", F.lead("known_from").over(by_case))
    meets = F.col("known_to").eqNullSafe(F.col("next_from"))
    flagged = F.col("is_latest") == F.col("next_from").isNull()
    return following.filter(~meets | ~flagged)


def _headless(tables: Tables) -> DataFrame:
    heads = F.sum(F.col("is_cluster_head").cast("int")).alias("n_heads")
    return tables["silver.report"].groupBy("duplicate_cluster").agg(heads).filter("n_heads <> 1")


def _dropped_for_likeness(tables: Tables) -> DataFrame:
    """Cases that likeness alone takes out of the counts, where it does so too often among those of one source and
    country."""
    ends = F.explode(F.array("report_key", "other_report_key")).alias("report_key")
    by_rule = {
        rule: tables["silver.duplicate_link"].filter(F.col("rule") == rule).select(ends).distinct()
        for rule in ("identifier", "probabilistic")
    }
    alike = by_rule["probabilistic"].join(by_rule["identifier"], on="report_key", how="left_anti")
    counted = (
        tables["silver.report"].filter("NOT is_retracted").select("report_key", "source", "country", "is_cluster_head")
    )
    marked = counted.join(alike.withColumn("is_alike", F.lit(True)), on="report_key", how="left")
    is_dropped = F.coalesce("is_alike", F.lit(False)) & ~F.col("is_cluster_head")
    group = Window.partitionBy("source", "country")
    return (
        marked.withColumn("is_dropped", is_dropped)
        .withColumn("n", F.count("*").over(group))
        .withColumn("share", F.avg(F.col("is_dropped").cast("int")).over(group))
        .filter(F.col("is_dropped") & (F.col("n") >= LEAST_CASES) & (F.col("share") > MOST_DROPPED))
    )


RULES = (
    Across(
        "versions_follow_each_other",
        "silver.report_history",
        (),
        _gaps,
        "A version must end on the day the next begins, and the last one stand: look at the source's versions.",
    ),
    Across(
        "every_cluster_has_one_head",
        "silver.report",
        (),
        _headless,
        "Each cluster of duplicates is counted once: look at the choice of the head.",
    ),
    Across(
        "few_cases_are_dropped_for_likeness",
        "silver.report",
        ("silver.duplicate_link",),
        _dropped_for_likeness,
        "Likeness takes out more cases of a source and country than duplicates explain: read the links on the page of "
        "duplicates and the shares on the asset.",
        WARNING,
        f"of no source and country with {LEAST_CASES} cases or more does likeness alone drop above {MOST_DROPPED:.0%}",
    ),
)
