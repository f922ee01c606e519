"""Changes to acts and to versions of product information."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.regulatory_event.tables import ProductInformationVersion, RegulatoryEvent
from pipelines.frames.columns import is_day, one_line
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

RECORD = "bronze.cima_changes_record"


@feed(RegulatoryEvent, RECORD)
def regulatory_event(tables: Tables) -> DataFrame:
    """One act a change of a product's information."""
    day = _day("fecha")
    rows = tables[RECORD].filter("trim(nreg) <> ''")
    return rows.select(
        F.concat_ws(" | ", _product(), F.trim("fecha")).alias("event_id"),
        F.lit("product_information_change").alias("act_kind"),
        day.alias("act_date"),
        F.lit("act").alias("dated_by"),
        F.lit("AEMPS").alias("authority"),
        F.lit("ANSM").alias("agency"),
        F.lit("human").alias("domain"),
        day.alias("published_date"),  # it is the site's own register of what it changed
        F.trim("nreg").alias("reference"),
        one_line("nombre").alias("title"),
        F.nullif(one_line("otros"), F.lit("")).alias("outcome"),
        F.lit(True).alias("is_action"),
        F.array(one_line("nombre")).alias("products"),
        F.coalesce("ft_html", "p_html").alias("link"),
        *("known_date", "file", "line_number"),
        F.col("known_date").cast("string").alias("slot"),  # changes leave the extraction after 30 days, and stay
    )


@feed(ProductInformationVersion, RECORD)
def product_information_version(tables: Tables) -> DataFrame:
    """One row a document that changed."""
    documents = F.array(
        F.when(
            _is_true("has_ft"), F.struct(F.lit("spc").alias("document"), F.coalesce("ft_html", "ft_pdf").alias("link"))
        ),
        F.when(
            _is_true("has_prosp"),
            F.struct(F.lit("leaflet").alias("document"), F.coalesce("p_html", "p_pdf").alias("link")),
        ),
    )
    rows = (
        tables[RECORD]
        .filter("trim(nreg) <> ''")
        .select(
            _product().alias("product_key"),
            F.explode(F.filter(documents, lambda d: d.isNotNull())).alias("_document"),
            _time("fecha").alias("changed_at"),
            _day("fecha").alias("changed_date"),
            one_line("nombre").alias("product_name"),
            one_line("lab").alias("holder"),
            F.nullif(one_line("otros"), F.lit("")).alias("remark"),
            *("known_date", "file", "line_number"),
            F.col("known_date").cast("string").alias("slot"),
        )
    )
    return rows.select("*", "_document.*").drop("_document").filter("changed_at IS NOT NULL")


def _product() -> Column:
    return F.concat(F.lit("CIMA:"), F.trim("nreg"))


def _is_true(column: str) -> Column:
    return F.lower(F.trim(column)) == "true"


def _time(column: str) -> Column:
    return F.date_format(F.try_to_timestamp(F.trim(column), F.lit("dd/MM/yyyy HH:mm")), "yyyy-MM-dd HH:mm")


def _day(column: str) -> Column:
    return read(column, lambda text: is_day(F.try_to_date(F.substring(F.trim(text), 1, 10), "dd/MM/yyyy")))
