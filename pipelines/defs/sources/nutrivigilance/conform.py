"""Nutrivigilance declarations to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.nutrivigilance.tables import NutrivigilanceDeclaration
from pipelines.formats import declared
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ROWS = "bronze.nutrivigilance_row"


@feed(ReportHistory, ROWS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of the declarations."""
    return conformed(declared.report_history(tables, NutrivigilanceDeclaration, "nutrivigilance"), ReportHistory)


@feed(ProductAsReported, ROWS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version."""
    return conformed(
        declared.product_as_reported(tables, NutrivigilanceDeclaration, "nutrivigilance", _own()), ProductAsReported
    )


@feed(ReportEvent, ROWS)
def report_event(tables: Tables) -> DataFrame:
    """Effects of every version."""
    return conformed(declared.report_event(tables, NutrivigilanceDeclaration, "nutrivigilance"), ReportEvent)


@feed(ReportNarrative, ROWS)
def report_narrative(tables: Tables) -> DataFrame:
    """What the declarers wrote."""
    return conformed(declared.report_narrative(tables, NutrivigilanceDeclaration, "nutrivigilance"), ReportNarrative)


@feed(Term, ROWS)
def term(tables: Tables) -> DataFrame:
    """Distinct effect texts."""
    return conformed(declared.term(tables, NutrivigilanceDeclaration), Term)


def _own() -> dict[str, Column]:
    """Columns that only this form has."""
    return {"dose_text": said("dose")}
