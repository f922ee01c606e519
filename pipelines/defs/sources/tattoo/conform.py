"""Tattoo vigilance declarations to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.tattoo.tables import TattooDeclaration
from pipelines.formats import declared
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ROWS = "bronze.tattoo_row"


@feed(ReportHistory, ROWS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of the declarations."""
    return conformed(declared.report_history(tables, TattooDeclaration, "tattoo"), ReportHistory)


@feed(ProductAsReported, ROWS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version."""
    return conformed(declared.product_as_reported(tables, TattooDeclaration, "tattoo", _own()), ProductAsReported)


@feed(ReportEvent, ROWS)
def report_event(tables: Tables) -> DataFrame:
    """Effects of every version."""
    return conformed(declared.report_event(tables, TattooDeclaration, "tattoo"), ReportEvent)


@feed(ReportNarrative, ROWS)
def report_narrative(tables: Tables) -> DataFrame:
    """What the declarers wrote."""
    return conformed(declared.report_narrative(tables, TattooDeclaration, "tattoo"), ReportNarrative)


@feed(Term, ROWS)
def term(tables: Tables) -> DataFrame:
    """Distinct effect texts."""
    return conformed(declared.term(tables, TattooDeclaration), Term)


def _own() -> dict[str, Column]:
    """Columns that only this form has."""
    return {
        "body_site": said("body_site"),
        "is_off_label": F.when(said("misuse").isNotNull(), F.lower(said("misuse")) == "yes"),
    }
