"""E2B messages to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core import icsr_report
from pipelines.core.columns import partial_date
from pipelines.core.conform import conformed, reads
from pipelines.core.versions import sent_once, versions
from pipelines.defs.silver.report.tables import ReportedProduct, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

MESSAGES = "bronze.e2b_icsr"


def _versions(tables: Tables) -> DataFrame:
    """Versions of all cases: a message for each date of most recent information; the last sending of it counts."""
    sent = tables[MESSAGES].filter("trim(safety_report_id) <> ''")
    stated = sent.withColumns(
        {
            "source_case_id": F.trim("safety_report_id"),
            "recency": F.coalesce(icsr_report.digits("most_recent"), icsr_report.digits("created"), F.lit("")),
            "is_retracted": F.coalesce(F.col("nullification") == "1", F.lit(False)),
        }
    )
    unique = sent_once(stated, ["source_case_id", "recency", "is_retracted"])
    dated = unique.withColumn("_day", F.substring("recency", 1, 8))
    dated = dated.withColumn("received", partial_date("_day"))
    return icsr_report.parsed(versions(dated, "e2b", [F.col("recency"), F.col("is_retracted")]))


@reads(MESSAGES)
def report_history(tables: Tables) -> DataFrame:
    """Versions of all cases; a nullification withdraws the case from its date on."""
    return conformed(icsr_report.report_history(_versions(tables)), ReportHistory)


@reads(MESSAGES)
def reported_product(tables: Tables) -> DataFrame:
    """Drugs of every version."""
    return conformed(icsr_report.reported_product(_versions(tables), "e2b"), ReportedProduct)


@reads(MESSAGES, "silver.term")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version."""
    return conformed(icsr_report.report_event(_versions(tables), tables["silver.term"], "e2b"), ReportEvent)


@reads(MESSAGES)
def report_narrative(tables: Tables) -> DataFrame:
    """Case narratives."""
    return conformed(icsr_report.report_narrative(_versions(tables)), ReportNarrative)


@reads(MESSAGES)
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts of R2 reports."""
    return conformed(icsr_report.term(tables[MESSAGES]), Term)
