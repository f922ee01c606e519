"""EVVet to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory
from pipelines.defs.sources.evvet.codes import COUNTRIES, DEATH_TERMS
from pipelines.defs.sources.evvet.lists import normalised, products, reactions
from pipelines.formats.veterinary import REPORTERS, SEXES
from pipelines.frames.columns import identifier, iso_date, looked_up
from pipelines.frames.conform import conformed
from pipelines.frames.history import history
from pipelines.frames.numbers import whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

CONTENT = [
    "received_date",
    "reporter",
    "country",
    "gender",
    "species",
    "breed",
    "drug",
    "reaction",
    "animals_affected",
    "animals_treated",
    "animals_died",
]
DEATH = rf"(?i)(^|, )({'|'.join(DEATH_TERMS)})(,|$)"


@feed(ReportHistory, "bronze.evvet_case")
def report_history(tables: Tables) -> DataFrame:
    """All versions of all cases, removals from the listings as retractions."""
    versions = _versions(tables["bronze.evvet_case"])
    died = whole("animals_died")
    is_death = (F.coalesce(died, F.lit(0)) > 0) | F.coalesce(F.col("reaction").rlike(DEATH), F.lit(False))
    return conformed(
        versions.select(
            *["report_key", "report_version", "known_from", "known_to", "is_retracted"],
            F.col("known_to").isNull().alias("is_latest"),
            F.lit("evvet").alias("source"),
            F.col("case_number").alias("source_case_id"),
            F.lit("veterinary").alias("domain"),
            F.lit("ANSES").alias("agency"),
            F.col("case_number").alias("worldwide_case_id"),
            "received_first_date",
            "received_latest_date",
            _coded("country", COUNTRIES).alias("country"),
            _coded("reporter", REPORTERS).alias("reporter"),
            F.when(is_death, True).alias("is_serious"),
            is_death.alias("is_death"),
            _coded("gender", SEXES).alias("sex"),
            F.coalesce(F.nullif(normalised("species"), F.lit("")), F.lit("unknown")).alias("species"),
            F.nullif(F.trim("breed"), F.lit("")).alias("breed"),
            *[whole(c).alias(f"n_{c}") for c in CONTENT if c.startswith("animals_")],
        ),
        ReportHistory,
    )


@feed(ProductAsReported, "bronze.evvet_case")
def product_as_reported(tables: Tables) -> DataFrame:
    """The products of each version; EVVet gives no role."""
    versions = _versions(tables["bronze.evvet_case"]).select("report_key", "report_version", "drug")
    return conformed(
        versions.join(products(versions), on="drug", how="inner").select(
            *["report_key", "report_version", "product_seq"],
            F.lit("evvet").alias("source"),
            F.lit("unknown").alias("role"),
            F.col("product").alias("reported_name"),
        ),
        ProductAsReported,
    )


@feed(ReportEvent, "bronze.evvet_case", "silver.term")
def report_event(tables: Tables) -> DataFrame:
    """The reactions of each version, coded by their names to VeDDRA."""
    versions = _versions(tables["bronze.evvet_case"]).select("report_key", "report_version", "reaction")
    return conformed(
        versions.join(reactions(versions, tables["silver.term"]), on="reaction", how="inner").select(
            *["report_key", "report_version", "event_seq"],
            F.lit("evvet").alias("source"),
            "reported_term",
            "term_key",
            F.when(F.col("term_key").isNull(), "uncoded").otherwise("exact").alias("coding_method"),
            F.col("known_from").alias("coded_from"),
            F.col("known_to").alias("coded_to"),
        ),
        ReportEvent,
    )


def _versions(bronze: DataFrame) -> DataFrame:
    """Versions of cases, retractions among them: key, number, `known_from`, `known_to`, receipts, and the content.

    A follow-up that moves a case to another year's file is a new version. The link to the form is no content: it
    changes without the case.
    """
    observed = _observed(bronze)
    shown = history(observed, ["case_number"], "slot").join(_known_first(observed), on="case_number", how="left")
    along = Window.partitionBy("case_number").orderBy("valid_from")
    is_first = F.row_number().over(along) == 1
    dated = shown.select(
        "case_number",
        *CONTENT,
        F.when(is_first, F.coalesce("first_known", "valid_from")).otherwise(F.col("valid_from")).alias("known_from"),
        F.col("valid_to").alias("known_to"),
        F.coalesce(_received(), "valid_from").alias("received_latest_date"),
        F.lead("valid_from").over(along).alias("_next"),
        F.lit(False).alias("is_retracted"),
    )
    removed = (
        dated.filter("known_to IS NOT NULL AND NOT known_to <=> _next")
        .withColumn("known_from", F.col("known_to"))
        .withColumn("known_to", F.col("_next"))
        .withColumn("is_retracted", F.lit(True))
    )
    by_case = Window.partitionBy("case_number").orderBy("known_from", "is_retracted")
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return (
        dated.unionByName(removed)
        .drop("_next")
        .withColumn("report_version", F.row_number().over(by_case))
        .withColumn("received_first_date", F.min("received_latest_date").over(so_far))
        .withColumn("report_key", F.concat(F.lit("evvet:"), "case_number"))
    )


def _observed(bronze: DataFrame) -> DataFrame:
    """One row per case, file stem (the slot: product family and year) and extraction date."""
    stem = F.lower(F.regexp_extract("file", r"([^/]+?)\.csv(\.gz)?$", 1))
    rows = bronze.select(
        identifier("case_number").alias("case_number"),
        F.regexp_replace(stem, r"[-_ ]?(19|20)\d\d-?[01]\d-?[0-3]\d", "").alias("slot"),
        "known_date",
        F.struct(*[F.nullif(F.trim(c), F.lit("")).alias(c) for c in CONTENT]).alias("content"),
    )
    one = rows.filter("case_number IS NOT NULL").groupBy("case_number", "slot", "known_date")
    return one.agg(F.max("content").alias("content")).select("case_number", "slot", "known_date", "content.*")


def _known_first(observed: DataFrame) -> DataFrame:
    """Since when each case was known: its receipt, or the listing that first showed it if one lacked it since."""
    by_slot = Window.partitionBy("slot").orderBy("known_date")
    extractions = observed.select("slot", "known_date").distinct()
    extractions = extractions.withColumn("earlier", F.lag("known_date").over(by_slot))
    by_case = Window.partitionBy("case_number").orderBy("known_date", F.desc("slot"))
    first = observed.withColumn("_rank", F.row_number().over(by_case)).filter("_rank = 1")
    received = F.least(_received(), "known_date")
    return first.join(extractions, on=["slot", "known_date"], how="inner").select(
        "case_number",
        F.when(F.col("earlier") >= received, F.col("known_date")).otherwise(received).alias("first_known"),
    )


def _received() -> Column:
    return iso_date("received_date")


def _coded(column: str, codes: Mapping[str, str]) -> Column:
    """Look up a code; null for what the list does not hold."""
    return looked_up(normalised(column), codes)
