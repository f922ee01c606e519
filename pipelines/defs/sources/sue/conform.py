"""Serious undesirable effects of cosmetic products to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.sue.tables import SueReport
from pipelines.formats import declared
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ROWS = "bronze.sue_row"


@feed(ReportHistory, ROWS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of the declarations."""
    return conformed(declared.report_history(tables, SueReport, "sue"), ReportHistory)


@feed(ProductAsReported, ROWS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version."""
    return conformed(declared.product_as_reported(tables, SueReport, "sue", _own()), ProductAsReported)


@feed(ReportEvent, ROWS)
def report_event(tables: Tables) -> DataFrame:
    """Effects of every version."""
    return conformed(declared.report_event(tables, SueReport, "sue"), ReportEvent)


@feed(ReportNarrative, ROWS)
def report_narrative(tables: Tables) -> DataFrame:
    """What the declarers wrote."""
    return conformed(declared.report_narrative(tables, SueReport, "sue"), ReportNarrative)


@feed(Term, ROWS)
def term(tables: Tables) -> DataFrame:
    """Distinct effect texts."""
    return conformed(declared.term(tables, SueReport), Term)


def _own() -> dict[str, Column]:
    """Columns that only this form has."""
    return {
        "dose_text": said("use"),
        "rechallenge": F.when(
            F.lower(F.trim("re_exposure")).isin("positive", "negative", "unknown"), F.lower(F.trim("re_exposure"))
        ),
    }
