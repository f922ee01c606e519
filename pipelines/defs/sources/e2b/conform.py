"""E2B messages to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.background.tables import ReportBackground, ReportDevice
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.e2b import around
from pipelines.formats import icsr_report
from pipelines.frames.columns import identifier, partial_date
from pipelines.frames.conform import conformed
from pipelines.frames.versions import sent_once, stated_number, stated_versions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

MESSAGES = "bronze.e2b_icsr"


def _versions(tables: Tables) -> DataFrame:
    """Versions of all cases, by the number that the sender states (R2), then by the date of most recent information.

    The last sending of a version counts.
    """
    stated = tables[MESSAGES].withColumns(
        {
            "source_case_id": identifier("safety_report_id"),
            "recency": F.coalesce(icsr_report.digits("most_recent"), icsr_report.digits("created"), F.lit("")),
            "is_retracted": F.coalesce(F.col("nullification") == "1", F.lit(False)),
        }
    )
    stated = stated.filter("source_case_id IS NOT NULL")
    numbered = stated.withColumn("_number", stated_number("version", "source_case_id", "recency"))
    unique = sent_once(numbered, ["source_case_id", "_number", "recency", "is_retracted"])
    dated = unique.withColumn("_day", F.substring("recency", 1, 8))
    dated = dated.withColumns({"received": partial_date("_day"), "sent_drugs": F.col("drugs")})
    return icsr_report.parsed(
        stated_versions(dated, "e2b", [F.col("_number"), F.col("recency"), F.col("is_retracted")])
    )


@feed(ReportHistory, MESSAGES)
def report_history(tables: Tables) -> DataFrame:
    """Versions of all cases; a nullification withdraws the case from its date on."""
    return conformed(icsr_report.report_history(_versions(tables)), ReportHistory)


@feed(ProductAsReported, MESSAGES)
def product_as_reported(tables: Tables) -> DataFrame:
    """Drugs of every version."""
    return conformed(icsr_report.product_as_reported(_versions(tables), "e2b"), ProductAsReported)


@feed(ReportEvent, MESSAGES, "silver.term")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version."""
    return conformed(icsr_report.report_event(_versions(tables), tables["silver.term"], "e2b"), ReportEvent)


@feed(ReportNarrative, MESSAGES)
def report_narrative(tables: Tables) -> DataFrame:
    """Case narratives."""
    return conformed(around.report_narrative(_versions(tables)), ReportNarrative)


@feed(ReportBackground, MESSAGES)
def report_background(tables: Tables) -> DataFrame:
    """What is told around the case: history, population group, study."""
    return conformed(around.report_background(_versions(tables)), ReportBackground)


@feed(ReportDevice, MESSAGES)
def report_device(tables: Tables) -> DataFrame:
    """Devices that are parts of the products."""
    return conformed(around.report_device(_versions(tables)), ReportDevice)


@feed(Term, MESSAGES)
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts of R2 reports."""
    return conformed(icsr_report.term(tables[MESSAGES]), Term)
