"""Inspected laboratories to establishments and inspections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.establishment.keys import named, sites, told
from pipelines.defs.silver.establishment.tables import CLASSIFICATIONS, Establishment, Inspection
from pipelines.formats.domains import in_charge
from pipelines.frames.columns import american_date, coded

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

INSPECTION = "bronze.fda_bimo_inspection"
PLACE = ("known_date", "file", "line_number")


def _key() -> Column:
    return named(told("firm"), told("city"), told("country"))


@feed(Establishment, INSPECTION)
def establishment(tables: Tables) -> DataFrame:
    """Laboratories, each by its name and place."""
    rows = tables[INSPECTION].select(
        _key().alias("establishment_key"),
        told("firm").alias("establishment_name"),
        *[told(own).alias(name) for own, name in (("city", "city"), ("state", "region"), ("country", "country"))],
        F.array(F.lit("non-clinical laboratory")).alias("activities"),
        F.lit("list").alias("slot"),
        *PLACE,
    )
    return sites(rows)


@feed(Inspection, INSPECTION)
def inspection(tables: Tables) -> DataFrame:
    """Each laboratory, day and programme once."""
    day = american_date("inspection_end_date")
    kingdom = F.when(F.upper(F.trim("center")) == "CVM", "veterinary").otherwise("human")
    rows = tables[INSPECTION].withColumn("kingdom", kingdom)
    return rows.select(
        F.concat_ws("|", _key(), day.cast("string"), told("center"), told("project_area")).alias("inspection_id"),
        _key().alias("establishment_key"),
        in_charge("kingdom").alias("agency"),
        F.lit("glp").alias("practice"),
        F.concat_ws(": ", told("center"), told("project_area")).alias("programme"),
        day.alias("inspection_date"),
        coded("classification", {code: code for code in CLASSIFICATIONS}).alias("classification"),
        F.lit("list").alias("slot"),
        *PLACE,
    )
