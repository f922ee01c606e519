"""EARS counts to isolates, the use of people beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.isolate_count.shape import UNSTATED, class_code, year
from pipelines.defs.silver.isolate_count.tables import IsolateCount
from pipelines.formats.countries import ALPHA3
from pipelines.frames.columns import coded, one_line
from pipelines.frames.numbers import number, whole

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

COUNTS = "bronze.ears_use_resistance"


@feed(IsolateCount, COUNTS)
def isolate_count(tables: Tables) -> DataFrame:
    """Every row is a country's isolates; resistance to beta-lactams and macrolides may be intermediate."""
    told = year(whole("year"))
    return tables[COUNTS].select(
        *[F.lit(v).alias(c) for c, v in (("series", "ears"), ("slot", "ears"), ("host", "human"))],
        *[F.lit(v).alias(c) for c, v in (("region", "all"), ("setting", "invasive"), ("criterion", "R"))],
        coded("country", ALPHA3).alias("country"),
        F.nullif(one_line("bug"), F.lit("")).alias("bacterium"),
        class_code("drug").alias("class_code"),
        F.coalesce(told["period"], F.lit(UNSTATED)).alias("period"),
        told["period_start"].alias("period_start"),
        told["period_end"].alias("period_end"),
        whole("n_isolates", "bigint").alias("n_tested"),
        whole("n_resistant", "bigint").alias("n_resistant"),
        F.lit("ddd_per_1000_inhabitants_day").alias("exposure_kind"),
        number("did").alias("exposure"),
        *("known_date", "file", "line_number"),
    )
