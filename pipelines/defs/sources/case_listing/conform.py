"""Listing rows to reports: a file of a name is the state of its cases at its date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory
from pipelines.defs.silver.term.tables import Term
from pipelines.formats.domains import in_charge
from pipelines.frames.columns import identifier, iso_date
from pipelines.frames.conform import conformed
from pipelines.frames.history import history
from pipelines.frames.versions import preferred_term, preferred_terms

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ROWS = "bronze.case_listing_row"


def _versions(tables: Tables) -> DataFrame:
    """Versions of each case of each listing: its products and events as sorted arrays, from when until when."""
    slot = F.regexp_replace(F.regexp_extract("file", r"([^/]+)$", 1), r"\.csv(\.gz)?$", "")
    rows = tables[ROWS].withColumns({"case_id": identifier("case_id"), "slot": slot}).filter("case_id IS NOT NULL")
    cases = rows.groupBy("slot", "case_id", "known_date").agg(
        _distinct("product").alias("products"),
        _distinct("event").alias("events"),
        F.min(iso_date("received_date")).alias("told_date"),
        F.first("domain").alias("domain"),
    )
    named = cases.withColumn("source_case_id", F.concat_ws("/", "slot", "case_id"))
    versions = history(named.drop("case_id"), ["source_case_id"], "slot")
    order = Window.partitionBy("source_case_id").orderBy("valid_from")
    return versions.withColumn("report_version", F.row_number().over(order)).withColumn(
        "report_key", F.concat(F.lit("case_listing:"), F.col("source_case_id"))
    )


def _distinct(column: str) -> Column:
    return F.sort_array(F.collect_set(F.when(F.trim(column) != "", F.trim(column))))


@feed(ReportHistory, ROWS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of cases, and a last, retracted one where a later listing of the name lacks the case."""
    versions = _versions(tables)
    last = F.max("report_version").over(Window.partitionBy("report_key"))
    gone = (
        versions.withColumn("_last", last)
        .filter("report_version = _last AND valid_to IS NOT NULL")
        .withColumn("report_version", F.col("report_version") + 1)
        .withColumn("valid_from", F.col("valid_to"))
        .withColumn("valid_to", F.lit(None).cast("date"))
        .drop("_last")
    )
    states = versions.withColumn("is_retracted", F.lit(False)).unionByName(gone.withColumn("is_retracted", F.lit(True)))
    first = F.min("valid_from").over(Window.partitionBy("report_key"))
    received = F.least(F.coalesce("told_date", first), first)
    known = F.when(F.col("report_version") == 1, received).otherwise(F.col("valid_from"))
    by_case = Window.partitionBy("report_key").orderBy("report_version")
    return conformed(
        states.select(
            "report_key",
            "report_version",
            F.lit("case_listing").alias("source"),
            "source_case_id",
            known.alias("known_from"),
            F.coalesce("valid_to", F.lead("valid_from").over(by_case)).alias("known_to"),
            F.lead("valid_from").over(by_case).isNull().alias("is_latest"),
            "is_retracted",
            "domain",
            in_charge("domain").alias("agency"),
            received.alias("received_first_date"),
            F.greatest(known, received).alias("received_latest_date"),
            F.when(F.col("domain") == "veterinary", "unknown").otherwise("human").alias("species"),
        ),
        ReportHistory,
    )


def _exploded(tables: Tables, column: str, name: str, seq: str) -> DataFrame:
    """One row per element of a version's array, numbered; a retracted last version keeps what the one before had."""
    versions = _versions(tables)
    last = F.max("report_version").over(Window.partitionBy("report_key"))
    gone = versions.withColumn("_last", last).filter("report_version = _last AND valid_to IS NOT NULL").drop("_last")
    gone = gone.withColumn("report_version", F.col("report_version") + 1)
    both = versions.unionByName(gone)
    rows = both.select("report_key", "report_version", F.posexplode(column).alias(seq, name))
    return rows.withColumn(seq, F.col(seq) + 1).withColumn("source", F.lit("case_listing"))


@feed(ProductAsReported, ROWS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Distinct products of each version; a listing tells no roles."""
    rows = _exploded(tables, "products", "reported_name", "product_seq")
    return conformed(
        rows.withColumn("role", F.lit("unknown")),
        ProductAsReported,
    )


@feed(ReportEvent, ROWS)
def report_event(tables: Tables) -> DataFrame:
    """Distinct events of each version; their texts are taken as preferred terms."""
    rows = _exploded(tables, "events", "reported_term", "event_seq")
    coded = rows.withColumns({"term_key": preferred_term("reported_term"), "coding_method": F.lit("exact")})
    return conformed(coded, ReportEvent)


@feed(Term, ROWS)
def term(tables: Tables) -> DataFrame:
    """Distinct event texts."""
    return conformed(preferred_terms(tables[ROWS], "event"), Term)
