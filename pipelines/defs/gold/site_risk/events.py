"""What happened at sites, in one shape: kinds that are counted, and batches beside their siblings."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column

    from pipelines.frames.conform import Tables

SITE = "establishment_key"


def happened(tables: Tables) -> DataFrame:
    """One row an event: establishment_key, known_from, kind, and for `watched` what a month added."""

    def once(address: str, event: str, kind: str, where: str = "true", since: str = "known_from") -> DataFrame:
        rows = in_few_tasks(tables[address]).filter(f"({where}) AND {SITE} IS NOT NULL")
        return rows.groupBy(SITE, event).agg(F.min(since).alias("known_from")).select(SITE, "known_from", _kind(kind))

    sites = in_few_tasks(tables["silver.batch"]).filter("is_current").select("batch_key", SITE)
    withdrawn = "kind = 'certificate' AND valid_to IS NOT NULL"
    frames = [
        once("silver.gmp_certificate", "certificate_id", "non_compliance", "kind = 'non_compliance'"),
        once("silver.gmp_certificate", "certificate_id", "non_compliance", withdrawn, "valid_to"),
        once("silver.enforcement_action", "action_id", "actions"),
        once("silver.recall", "event_id", "recalls"),
        *[
            _of_batches(in_few_tasks(tables[address]).filter(where), sites, kind)
            for address, where, kind in (
                ("silver.quality_defect", "is_current AND state = 'confirmed'", "defects"),
                ("silver.laboratory_result", "is_current AND verdict = 'fails'", "failed_tests"),
            )
        ],
        _watched(in_few_tasks(tables["gold.batch_watch"])),
    ]
    return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), frames)


def _kind(name: str) -> Column:
    return F.lit(name).alias("kind")


def _of_batches(rows: DataFrame, sites: DataFrame, kind: str) -> DataFrame:
    """What is of batches, as events of the sites that made them."""
    told = rows.select("batch_key", "known_from").join(F.broadcast(sites), on="batch_key", how="inner")
    return told.select(SITE, "known_from", _kind(kind))


def _watched(rows: DataFrame) -> DataFrame:
    """Reports and doses that each month added to a site's batches, and the least q of the month."""
    before = Window.partitionBy("family_key", "domain", "batch_key").orderBy("month")

    def added(column: str) -> Column:
        value = F.coalesce(column, F.lit(0))
        return value - F.coalesce(F.lag(value).over(before), F.lit(0))

    own = rows.filter(f"{SITE} IS NOT NULL").withColumns({"r": added("n_reports"), "d": added("n_doses")})
    summed = own.groupBy(SITE, F.col("month").alias("known_from")).agg(
        F.sum("r").alias("n_reports"), F.sum("d").alias("n_doses"), F.min("q_value").alias("q")
    )
    return summed.withColumn("kind", F.lit("watched"))
