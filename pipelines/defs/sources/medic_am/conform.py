"""Medic'AM to the common sale table: a row a pack and month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.sale.shape import sold
from pipelines.defs.silver.sale.tables import Sale
from pipelines.frames.columns import said
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

JSON = "map<string, string>"


@feed(Sale, "bronze.medic_am_month")
def sale(tables: Tables) -> DataFrame:
    """Boxes and amounts by pack and month."""
    rows = tables["bronze.medic_am_month"].withColumn("amount", F.from_json("amounts", JSON))
    told = rows.select("*", F.explode(F.from_json("boxes", JSON)).alias("month", "n_boxes"))
    first = F.to_date(F.concat("month", F.lit("-01")))
    constants = {"source": "medic_am", "series": "medic_am", "domain": "human", "channel": "town", "species": "human"}
    return sold(
        told.select(
            "known_date",
            *[F.lit(value).alias(name) for name, value in constants.items()],
            first.alias("period_start"),
            F.last_day(first).alias("period_end"),
            F.concat(F.lit("CIP13:"), said("cip13")).alias("pack_key"),
            said("product").alias("product_label"),
            said("atc_code").alias("atc_code"),
            number("n_boxes").alias("n_packs"),
            number(F.try_element_at("amount", F.col("month"))).alias("amount_eur"),
        )
    )
