"""Measures and published forms to establishments, inspections and enforcement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.establishment.keys import fei, site_key, sites, told
from pipelines.defs.silver.establishment.tables import EnforcementAction, Establishment, Inspection
from pipelines.formats.domains import agency_of
from pipelines.frames.columns import coded, iso_date, said

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ACTION, FORM = "bronze.fda_compliance_action", "bronze.fda_compliance_form_483"
KINDS = {"WARNING LETTER": "warning_letter", "INJUNCTION": "injunction", "SEIZURE": "seizure"}
PLACE = ("known_date", "file", "line_number")


def _nothing() -> Column:
    return F.lit(None).cast("string")


def _key(country: Column) -> Column:
    return site_key("FEI", fei("fei_number"), told("legal_name"), _nothing(), country)


@feed(Establishment, ACTION, FORM)
def establishment(tables: Tables) -> DataFrame:
    """Firms as measures name them, and as forms do."""
    actions = tables[ACTION].select(
        _key(told("country")).alias("establishment_key"),
        told("legal_name").alias("establishment_name"),
        told("state").alias("region"),
        told("country").alias("country"),
        F.lit("measure").alias("slot"),
        *PLACE,
    )
    forms = tables[FORM].select(
        _key(_nothing()).alias("establishment_key"),
        told("legal_name").alias("establishment_name"),
        _nothing().alias("region"),
        _nothing().alias("country"),
        F.lit("form").alias("slot"),
        *PLACE,
    )
    return sites(actions.unionByName(forms))


@feed(Inspection, FORM)
def inspection(tables: Tables) -> DataFrame:
    """Each published form is an inspection that found something."""
    rows = tables[FORM].filter("trim(record_id) <> ''")
    return rows.select(
        F.trim("record_id").alias("inspection_id"),
        _key(_nothing()).alias("establishment_key"),
        F.lit(agency_of("human")).alias("agency"),
        F.lit("gmp").alias("practice"),
        iso_date("record_date").alias("inspection_date"),
        iso_date("date_posted").alias("published_date"),
        said("download").alias("link"),
        F.lit("form").alias("slot"),
        *PLACE,
    )


@feed(EnforcementAction, ACTION)
def enforcement_action(tables: Tables) -> DataFrame:
    """Each measure against each establishment of its case."""
    key = _key(told("country"))
    day = iso_date("action_taken_date")
    rows = tables[ACTION].withColumn("action_kind", coded("action_type", KINDS)).filter("action_kind IS NOT NULL")
    return rows.select(
        F.concat_ws("|", F.trim("case_id"), key, "action_kind", day.cast("string")).alias("action_id"),
        key.alias("establishment_key"),
        F.lit(agency_of("human")).alias("agency"),
        "action_kind",
        day.alias("action_date"),
        told("product_type").alias("product_type"),
        told("case_id").alias("case_id"),
        F.lit("action").alias("slot"),
        *PLACE,
    )
