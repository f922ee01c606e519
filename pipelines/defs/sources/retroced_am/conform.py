"""Rétrocéd'AM to the common sale table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.sale.shape import sold, whole_year, year_of
from pipelines.defs.silver.sale.tables import Sale
from pipelines.frames.columns import said
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables


@feed(Sale, "bronze.retroced_am_year")
def sale(tables: Tables) -> DataFrame:
    """Units by medicine and year."""
    constants = {"source": "retroced_am", "series": "retroced_am", "domain": "human", "channel": "hospital"}
    return sold(
        tables["bronze.retroced_am_year"]
        .select(
            "known_date",
            *[F.lit(value).alias(name) for name, value in (constants | {"species": "human"}).items()],
            *[day.alias(name) for name, day in whole_year(year_of()).items()],
            F.concat(F.lit("UCD7:"), F.lpad(said("code_ucd"), 7, "0")).alias("pack_key"),
            said("label").alias("product_label"),
            said("atc_code").alias("atc_code"),
            number("n_units").alias("n_packs"),
            number("amount").alias("amount_eur"),
        )
        .filter("period_start IS NOT NULL")
    )
