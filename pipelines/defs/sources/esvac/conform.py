"""ESVAC and ASU to sales, published indicators and defined doses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.dose.shape import named_dose
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.defs.silver.indicator.tables import PublishedIndicator
from pipelines.defs.silver.sale.shape import sold, whole_year
from pipelines.defs.silver.sale.tables import Sale
from pipelines.formats.countries import CODES
from pipelines.formats.species import animal_species
from pipelines.frames.columns import looked_up, said
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

MG_PER_TONNE, MG_PER_KG = 1e9, 1e6
PUBLISHED = ["indicator", "country", "year", "species", "published_by"]


@feed(Sale, "bronze.esvac_sales_tonnes", "bronze.esvac_asu_use")
def sale(tables: Tables) -> DataFrame:
    """Active substance by country and year; since ASU also by species and code. `Total` is no country."""
    constants = {"source": "esvac", "domain": "veterinary", "channel": "veterinary"}
    same = [F.lit(value).alias(name) for name, value in constants.items()]
    year = F.trim("year").try_cast("int")
    total = tables["bronze.esvac_sales_tonnes"].select(
        "known_date",
        *same,
        F.lit("esvac").alias("series"),
        *[day.alias(name) for name, day in whole_year(year).items()],
        _country("country").alias("country"),
        (number("tonnes") * MG_PER_TONNE).alias("mg"),
    )
    by_species = tables["bronze.esvac_asu_use"].select(
        "known_date",
        *same,
        F.lit("asu").alias("series"),
        *[day.alias(name) for name, day in whole_year(year).items()],
        F.upper(F.trim("country")).alias("country"),
        (number("use_kg") * MG_PER_KG).alias("mg"),
        animal_species("species").alias("species"),
        said("atcvet").alias("atc_code"),
    )
    both = total.unionByName(by_species, allowMissingColumns=True)
    return sold(both.filter("country IS NOT NULL AND period_start IS NOT NULL AND mg IS NOT NULL"))


@feed(PublishedIndicator, "bronze.esvac_mg_pcu")
def published_indicator(tables: Tables) -> DataFrame:
    """Published mg/PCU, of all food-producing animals together."""
    rows = tables["bronze.esvac_mg_pcu"].select(
        "known_date",
        *[F.lit(v).alias(c) for c, v in (("source", "esvac"), ("indicator", "mg_per_pcu"), ("published_by", "ESVAC"))],
        _country("entity").alias("country"),
        F.trim("year").try_cast("int").alias("year"),
        F.lit("all").alias("species"),
        number("mg_per_pcu").alias("value"),
        F.lit("mg_pcu").alias("slot"),
    )
    told = rows.filter("country IS NOT NULL AND year IS NOT NULL AND value IS NOT NULL")
    return conformed(extracted_versions(told, PUBLISHED), PublishedIndicator)


@feed(DailyDose, "bronze.esvac_dose", "silver.substance_name")
def daily_dose(tables: Tables) -> DataFrame:
    """DDDvet and DCDvet by substance, species and route."""
    rows = tables["bronze.esvac_dose"]
    kinds = {"dddvet": "dddvet_mg_per_kg_per_day", "dcdvet": "dcdvet_mg_per_kg"}
    told = None
    for kind, column in kinds.items():
        part = rows.select(
            "known_date",
            F.lit("esvac").alias("source"),
            F.lit(kind).alias("kind"),
            said("substance").alias("dose_name"),
            animal_species("species").alias("species"),
            F.coalesce(said("route"), F.lit("all")).alias("route"),
            number(column).alias("value"),
        ).filter("value > 0")
        told = part if told is None else told.unionByName(part)
    return named_dose(told, tables["silver.substance_name"])


def _country(column: str) -> Column:
    return looked_up(F.lower(F.trim(column)), CODES)
