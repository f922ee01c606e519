"""Reports over time, from the reports as they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.activity.tables import ReportMonth
from pipelines.frames.conform import conformed
from pipelines.frames.sums import exact_mean

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables


@step(ReportMonth, "silver.report")
def report_month(tables: Tables) -> DataFrame:
    """Count reports by month of first receipt."""
    counted = tables["silver.report"].filter("NOT is_retracted AND is_cluster_head")
    month = F.last_day("received_first_date").alias("month")
    country = F.coalesce("country", F.lit("??")).alias("country")
    result = counted.groupBy(month, "domain", "agency", "source", country, "species").agg(
        F.count("*").alias("n_reports"),
        F.count(F.when(F.col("is_serious"), 1)).alias("n_serious"),
        F.count(F.when(F.col("is_death"), 1)).alias("n_death"),
        exact_mean("completeness").alias("mean_completeness"),
    )
    return conformed(result, ReportMonth)
