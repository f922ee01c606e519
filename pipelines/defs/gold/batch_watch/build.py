"""From batches, their doses and the reports that name them to each family at each month end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.batch_watch.tables import BatchWatch
from pipelines.defs.gold.batch_watch.watched import ADDED_SQL, watched
from pipelines.defs.gold.batches import FAMILY, reports_of, substances_of, with_family
from pipelines.formats.domains import in_charge
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

TASKS = 2


@step(
    BatchWatch,
    *("silver.batch", "silver.batch_distribution", "silver.pack", "silver.product_substance", "silver.substance_name"),
    *("silver.report", "silver.report_product"),
)
def batch_watch(tables: Tables) -> DataFrame:
    """Count reports by batch and month, add up doses, and hold each batch against its siblings."""
    batches = cache(with_family(tables))
    substances = cache(substances_of(tables, batches))
    reports = cache(reports_of(tables, substances))
    counted = _counted(reports, batches, substances)
    months = cache(counted.select(*FAMILY, "month").distinct())
    rows = _at_months(counted, months, _doses(tables, batches), batches)
    missing = _missing(reports, substances, months)
    told = rows.join(missing, on=[*FAMILY, "month"], how="left").withColumn("agency", in_charge("domain"))
    last = F.max("month").over(Window.partitionBy(*FAMILY))
    told = told.withColumn("is_latest", F.col("month") == last).repartition(TASKS, "family_key")
    schema = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in told.schema.fields)
    answered = told.mapInArrow(watched, f"{schema}, {ADDED_SQL}")
    return conformed(answered.drop("is_registered"), BatchWatch)


def _counted(named: DataFrame, batches: DataFrame, substances: DataFrame) -> DataFrame:
    """Reports by batch and month: family_key, domain, batch_key, month, n."""
    known = batches.join(substances, on=FAMILY, how="inner").select(
        *FAMILY, "batch_key", "batch", "substance_key", F.lit(True).alias("is_registered")
    )
    told = named.filter("batch IS NOT NULL").join(known, on=["domain", "batch", "substance_key"], how="left")
    keyed = told.withColumns(
        {
            "family_key": F.coalesce("family_key", "substance_key"),
            "batch_key": F.coalesce("batch_key", "batch"),
        }
    )
    return keyed.groupBy(*FAMILY, "batch_key", "month").agg(F.countDistinct("report_key").alias("n"))


def _doses(tables: Tables, batches: DataFrame) -> DataFrame:
    """Doses by batch and month: distributed ones, else all that were released in the month of manufacture."""
    sent = in_few_tasks(tables["silver.batch_distribution"]).filter("is_current AND n_doses IS NOT NULL")
    sent = sent.groupBy("batch_key", "month").agg(F.sum("n_doses").alias("doses"))
    released = batches.filter("n_released IS NOT NULL").select("batch_key", F.col("made").alias("month"), "n_released")
    alone = released.join(sent, on="batch_key", how="left_anti").withColumnRenamed("n_released", "doses")
    return sent.unionByName(alone)


def _at_months(counted: DataFrame, months: DataFrame, doses: DataFrame, batches: DataFrame) -> DataFrame:
    """Each batch of each family at its month ends: reports and doses until then; what is out, or was named by then."""
    own = batches.select(*FAMILY, "batch_key", "pack_key", "establishment_key", F.lit(True).alias("is_registered"))
    every = own.unionByName(
        counted.select(*FAMILY, "batch_key").distinct().join(own, on=[*FAMILY, "batch_key"], how="left_anti"),
        allowMissingColumns=True,
    )
    places = every.join(months, on=FAMILY, how="inner")
    nothing, at = F.lit(None).cast("bigint"), F.col("month").alias("at")
    own_keys = own.select(*FAMILY, "batch_key")
    until = counted.select(*FAMILY, "batch_key", at, "n", nothing.alias("d"))
    out = doses.join(own_keys, on="batch_key", how="inner")
    out = out.select(*FAMILY, "batch_key", at, nothing.alias("n"), F.col("doses").alias("d"))
    summed = (
        places.join(until.unionByName(out), on=[*FAMILY, "batch_key"], how="left")
        .groupBy(*FAMILY, "batch_key", "month", "pack_key", "establishment_key", "is_registered")
        .agg(
            F.coalesce(F.sum(F.when(F.col("at") <= F.col("month"), F.col("n"))), F.lit(0)).alias("n_reports"),
            F.sum(F.when(F.col("at") <= F.col("month"), F.col("d"))).alias("n_doses"),
        )
    )
    known = summed.withColumn("is_registered", F.coalesce("is_registered", F.lit(False)))
    return known.filter("n_reports > 0 OR n_doses > 0")


def _missing(named: DataFrame, substances: DataFrame, months: DataFrame) -> DataFrame:
    """Share of the reports on each family's substances, until each month end, that name no batch."""
    of_family = named.join(substances, on=["domain", "substance_key"], how="inner")
    by_report = of_family.groupBy(*FAMILY, "report_key").agg(
        F.min("month").alias("at"), F.max(F.col("batch").isNotNull().cast("int")).alias("has_batch")
    )
    by_month = by_report.groupBy(*FAMILY, "at").agg(
        F.count("*").alias("n"), F.sum(1 - F.col("has_batch")).alias("n_without")
    )
    joined = months.join(by_month, on=FAMILY, how="inner").filter("at <= month")
    return joined.groupBy(*FAMILY, "month").agg(
        (F.sum("n_without") / F.sum("n")).cast("double").alias("share_without_batch")
    )
