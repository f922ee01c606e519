"""Recalled products to recalls and to the firms that recall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.establishment.keys import fei, site_key, sites, told
from pipelines.defs.silver.establishment.tables import Establishment
from pipelines.defs.silver.recall.tables import Recall
from pipelines.formats.domains import agency_of
from pipelines.frames.columns import coded, iso_date, said

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

RECALL = "bronze.fda_recalls_product"
CLASSES = {"CLASS I": "1", "CLASS II": "2", "CLASS III": "3"}
PLACE = ("known_date", "file", "line_number")


def _key() -> Column:
    return site_key("FEI", fei("fei_number"), told("firm"), told("city"), told("country"))


@feed(Establishment, RECALL)
def establishment(tables: Tables) -> DataFrame:
    """Firms that recall."""
    rows = tables[RECALL].select(
        _key().alias("establishment_key"),
        told("firm").alias("establishment_name"),
        *[told(own).alias(name) for own, name in (("city", "city"), ("state", "region"), ("country", "country"))],
        F.lit("export").alias("slot"),
        *PLACE,
    )
    return sites(rows)


@feed(Recall, RECALL)
def recall(tables: Tables) -> DataFrame:
    """Each product of each event; its classification is published on its day."""
    rows = tables[RECALL].filter("trim(event_id) <> '' AND trim(product_id) <> ''")
    return rows.select(
        F.trim("event_id").alias("event_id"),
        F.trim("product_id").alias("product_id"),
        F.lit("US").alias("country"),
        F.lit("human").alias("domain"),
        F.lit(agency_of("human")).alias("agency"),
        _key().alias("establishment_key"),
        told("firm").alias("firm"),
        told("product").alias("product_name"),
        F.coalesce(coded("product_class", CLASSES), F.lit("not_stated")).alias("recall_class"),
        coded("event_class", CLASSES).alias("event_class"),
        told("product_class").alias("class_printed"),
        told("status").alias("status"),
        iso_date("classification_date").alias("recall_date"),
        iso_date("classification_date").alias("published_date"),
        told("stated_reason").alias("reason"),
        told("distribution").alias("distribution"),
        said("link").alias("link"),
        F.lit("export").alias("slot"),
        *PLACE,
    )
