"""Declarations to the common sale table: a row a pack, year and species."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.indicator.tables import PublishedIndicator
from pipelines.defs.silver.sale.shape import sold, whole_year, year_of
from pipelines.defs.silver.sale.tables import ALL, Sale
from pipelines.formats.species import animal_species
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import NUMERAL, number
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

SHARE = rf"^\s*(.+?)\s*:?\s*({NUMERAL})\s*%?\s*$"


@feed(Sale, "bronze.anmv_sales_declaration")
def sale(tables: Tables) -> DataFrame:
    """Packs by species, as the holder shares them out; what no share covers is of all animals."""
    rows = tables["bronze.anmv_sales_declaration"].withColumns(
        {
            "packs": number("unites_vendues"),
            "shares": F.filter(F.split("repartition_especes_estimee", r"\|"), lambda part: part.rlike(SHARE)),
        }
    )
    rows = rows.filter("packs IS NOT NULL")
    told = rows.select("*", F.explode("shares").alias("part"))
    percent = number(F.regexp_extract("part", SHARE, 2))
    named = told.withColumns({"species": F.regexp_extract("part", SHARE, 1), "share": percent / 100})
    shared = named.withColumn("species", animal_species("species")).drop("part")
    row = ("delivery_id", "line_number")
    covered = shared.groupBy(*row).agg(exact_sum("share").alias("covered"))
    rest = rows.join(covered, on=list(row), how="left").withColumns(
        {"species": F.lit(ALL), "share": F.lit(1.0) - F.coalesce("covered", F.lit(0.0))}
    )
    every = shared.unionByName(rest.drop("covered").filter("share > 0.0001"))
    text = said("presentation")
    constants = {"source": "anmv_sales", "series": "anmv_declaration", "domain": "veterinary", "channel": "veterinary"}
    return sold(
        every.select(
            *("known_date", "species"),
            *[F.lit(value).alias(name) for name, value in constants.items()],
            *[day.alias(name) for name, day in whole_year(year_of()).items()],
            F.when(text.rlike(r"^\d{13,14}$"), F.concat(F.lit("GTIN:"), F.lpad(text, 14, "0"))).alias("pack_key"),
            F.concat_ws(" ", said("nom"), F.when(~text.rlike(r"^\d{13,14}$"), text)).alias("product_label"),
            (F.col("packs") * F.col("share")).alias("n_packs"),
        ).filter("period_start IS NOT NULL")
    )


@feed(PublishedIndicator, "bronze.anmv_sales_alea")
def published_indicator(tables: Tables) -> DataFrame:
    """Published ALEA by species."""
    constants = {"source": "anmv_sales", "indicator": "alea", "country": "FR", "published_by": "ANSES-ANMV"}
    rows = tables["bronze.anmv_sales_alea"].select(
        "known_date",
        *[F.lit(value).alias(name) for name, value in constants.items()],
        F.trim("year").try_cast("int").alias("year"),
        animal_species("species").alias("species"),
        number("alea").alias("value"),
        F.lit("alea").alias("slot"),
    )
    key = ["indicator", "country", "year", "species", "published_by"]
    return conformed(extracted_versions(rows.filter("year IS NOT NULL AND value IS NOT NULL"), key), PublishedIndicator)
