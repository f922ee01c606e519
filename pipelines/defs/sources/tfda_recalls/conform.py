"""Recalled products to recalls; the class out of its spellings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.establishment.keys import named, sites, told
from pipelines.defs.silver.establishment.tables import Establishment
from pipelines.defs.silver.recall.tables import Recall
from pipelines.formats.domains import agency_of
from pipelines.frames.columns import iso_date

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

RECALL = "bronze.tfda_recalls_product"
COUNTRY = "Taiwan"
PLACE = ("known_date", "file", "line_number")
DIGITS = ("一二三１２３ⅠⅡⅢ", "123123123")
SUSPECTED = "疑似|可能|suspected"


def recall_class(column: str) -> Column:
    """Class of a text in any of its spellings: the one digit that it holds, in any script, and whether suspected."""
    text = F.translate(column, *DIGITS)
    digit = F.regexp_extract(F.coalesce(text, F.lit("")), r"^[^\d]*([123])[^\d]*$", 1)
    suspected = F.when(F.lower(text).rlike(SUSPECTED), "suspected_").otherwise("")
    return F.when(digit != "", F.concat(suspected, digit)).otherwise("not_stated")


def _holder() -> Column:
    return named(told("holder"), F.lit(None).cast("string"), F.lit(COUNTRY))


@feed(Establishment, RECALL)
def establishment(tables: Tables) -> DataFrame:
    """Licence holders, who recall."""
    rows = tables[RECALL].filter(told("holder").isNotNull()).select(
        _holder().alias("establishment_key"),
        told("holder").alias("establishment_name"),
        F.lit(COUNTRY).alias("country"),
        F.lit("state").alias("slot"),
        *PLACE,
    )  # fmt: skip
    return sites(rows)


@feed(Recall, RECALL)
def recall(tables: Tables) -> DataFrame:
    """Each product of each act; the same product of one act that stands twice is told apart by its place."""
    day = iso_date("day_iso")
    rows = tables[RECALL].withColumn("day_iso", F.translate("day", "/.", "--"))
    act = F.concat_ws("|", day.cast("string"), F.regexp_replace(F.coalesce("act_number", F.lit("")), r"\s", ""))
    product = F.md5(F.concat_ws("|", *[F.coalesce(told(c), F.lit("")) for c in ("licence", "product")]))
    of_act = Window.partitionBy("known_date", "file", "event_id", "product_id").orderBy("line_number")
    keyed = rows.withColumns({"event_id": act, "product_id": F.substring(product, 1, 16)})
    place = F.row_number().over(of_act)
    apart = F.when(place > 1, F.concat_ws("|", "product_id", place.cast("string"))).otherwise(F.col("product_id"))
    return keyed.withColumn("product_id", apart).select(
        *("event_id", "product_id"),
        F.lit("TW").alias("country"),
        F.lit("human").alias("domain"),
        F.lit(agency_of("human")).alias("agency"),
        F.when(told("holder").isNotNull(), _holder()).alias("establishment_key"),
        told("holder").alias("firm"),
        told("product").alias("product_name"),
        recall_class("recall_class").alias("recall_class"),
        told("recall_class").alias("class_printed"),
        day.alias("recall_date"),
        day.alias("published_date"),
        told("batches").alias("scope_printed"),
        told("stated_reason").alias("reason"),
        F.lit("state").alias("slot"),
        *PLACE,
    )
