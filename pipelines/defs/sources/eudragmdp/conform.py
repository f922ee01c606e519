"""Documents to sites and certificates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.establishment.keys import site_key, sites, told
from pipelines.defs.silver.establishment.tables import Establishment, GmpCertificate
from pipelines.formats.domains import agency_of
from pipelines.frames.columns import identifier, iso_date

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

DOCUMENT = "bronze.eudragmdp_document"
PLACE = ("known_date", "file", "line_number")


def _part(place: int) -> Column:
    """Part of the address, counted from its end."""
    parts = F.split("site_address", r"\s*,\s*")
    return F.nullif(F.trim(F.get(parts, F.size(parts) - place)), F.lit(""))


def _key() -> Column:
    return site_key("OMS", F.upper(identifier("oms_location_id")), told("site_name"), _part(2), _part(1))


@feed(Establishment, DOCUMENT)
def establishment(tables: Tables) -> DataFrame:
    """Sites that documents are about."""
    rows = tables[DOCUMENT].select(
        _key().alias("establishment_key"),
        told("site_name").alias("establishment_name"),
        told("site_address").alias("street_address"),
        _part(2).alias("city"),
        _part(1).alias("country"),
        F.when(told("operations").isNotNull(), F.array(told("operations"))).alias("activities"),
        F.lit("export").alias("slot"),
        *PLACE,
    )
    return sites(rows)


@feed(GmpCertificate, DOCUMENT)
def gmp_certificate(tables: Tables) -> DataFrame:
    """Documents; one with an action, or with NCR in its reference, states non-compliance."""
    reference = identifier("document_reference")
    is_statement = told("action_taken").isNotNull() | F.upper(reference).rlike(r"\bNCR\b")
    is_animal = F.lower("operations").contains("veterinary") & ~F.lower("operations").contains("human")
    rows = tables[DOCUMENT].filter(reference.isNotNull())
    return rows.select(
        reference.alias("certificate_id"),
        _key().alias("establishment_key"),
        F.when(is_animal, agency_of("veterinary")).otherwise(agency_of("human")).alias("agency"),
        F.when(is_statement, "non_compliance").otherwise("certificate").alias("kind"),
        told("authority").alias("authority"),
        told("operations").alias("operations"),
        iso_date("inspection_date").alias("inspection_date"),
        iso_date("issue_date").alias("issue_date"),
        iso_date("issue_date").alias("published_date"),
        told("restrictions").alias("restrictions"),
        told("action_taken").alias("action_taken"),
        F.lit("export").alias("slot"),
        *PLACE,
    )
