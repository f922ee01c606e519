"""Reports to shortages: each is one notice of one product, a discontinuation too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.product.episodes import notices
from pipelines.defs.silver.product.tables import Shortage
from pipelines.frames.columns import coded, iso_date

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

REPORT = "bronze.canada_shortages_report"
STATUSES = {
    "ACTIVE_CONFIRMED": "shortage",
    "ANTICIPATED_SHORTAGE": "anticipated",
    "AVOIDED_SHORTAGE": "avoided",
    "RESOLVED": "resupplied",
    "DISCONTINUED": "discontinued",
    "TO_BE_DISCONTINUED": "discontinuing",
}
ENTITIES = (("&amp;", "&"), ("&amp;", "&"), ("&quot;", '"'), ("&#0?39;", "'"), ("&lt;", "<"), ("&gt;", ">"))


@feed(Shortage, REPORT)
def shortage(tables: Tables) -> DataFrame:
    """Notices of both tables of the export; each table is one slot."""
    ended = F.coalesce(
        iso_date("actual_end_date"), F.when(F.trim("status") == "discontinued", iso_date("discontinuation_date"))
    )
    rows = (
        tables[REPORT]
        .filter("trim(report_id) <> ''")
        .select(
            F.when(F.trim("din") != "", F.concat(F.lit("DIN:"), F.trim("din")))
            .otherwise(F.concat(F.lit("REPORT:"), F.trim("report_id")))
            .alias("product_key"),
            F.lit("").alias("pack_key"),
            F.trim("report_id").alias("notice_id"),
            F.lit(1).alias("notice_seq"),
            F.lit("CA").alias("country"),
            _unescaped("brand_name").alias("product_name"),
            F.array(_unescaped("ingredient_name")).alias("substances"),
            coded("status", STATUSES).alias("status"),
            F.coalesce(
                iso_date("start_date"), iso_date("anticipated_start_date"), iso_date("discontinuation_date")
            ).alias("start_date"),
            iso_date("estimated_end_date").alias("expected_end_date"),
            ended.alias("resupply_date"),
            _unescaped("stated_reason").alias("reason"),
            F.lower(F.trim("report_type")).alias("slot"),
            *("known_date", "file", "line_number"),
        )
    )
    return notices(rows.filter("status IS NOT NULL"), "canada_shortages")


def _unescaped(column: str) -> Column:
    text = F.trim(column)
    for entity, character in ENTITIES:
        text = F.regexp_replace(text, entity, character)
    return F.nullif(text, F.lit(""))
