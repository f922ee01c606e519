"""Dispensed lines of all sources, united."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.dispensing.tables import Dispensing, DispensingIssue

if TYPE_CHECKING:
    from pipelines.core.conform import Tables

dispensing = union_of_sources(Dispensing)
dispensing_issue = union_of_sources(DispensingIssue)


def lines_with_issues(lake: Tables) -> dict[str, int]:
    """Lines by fault, for the asset's page."""
    rows = lake["silver.dispensing_issue"].groupBy("issue").agg(F.sum("n_lines").alias("n")).collect()
    return {f"lines: {r['issue']}": int(r["n"]) for r in sorted(rows, key=lambda r: str(r["issue"]))}


dispensing_issue.measure = lines_with_issues  # type: ignore[attr-defined]
