"""Which statement of a parameter counts at the end of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.history import BEGINNING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FIRST_CHOICE = ("all", "oral", "guideline")
"""Conditions in their order: whole-body excretion is that by mouth, husbandry that of the guideline; else any."""
HIGHEST = ("excretion", "body_weight", "animals_per_place")
"""Kinds of which the highest of several statements of one day counts; of others the lowest: the worst case."""


def stated(parameters: DataFrame, *by: str) -> DataFrame:
    """One row a subject (`by`) with all its statements, `stated`: array of structs; read them with `held`."""
    rank = F.array_position(F.array(*[F.lit(c) for c in FIRST_CHOICE]), F.col("conditions"))
    preferred = F.when(rank > 0, -rank).otherwise(-len(FIRST_CHOICE) - 1)
    worst = F.when(F.col("kind").isin(*HIGHEST), F.col("value")).otherwise(-F.col("value"))
    rule = [preferred.alias("preferred"), worst.alias("worst")]
    is_undated = F.col("holds_from") == F.lit(BEGINNING)
    since = F.when(is_undated, F.col("valid_from")).otherwise(F.col("holds_from"))
    row = F.struct("kind", *rule, since.alias("holds_from"), "value", "reference")
    rows = parameters.filter(F.col("is_current") | is_undated)  # what was delivered before held until it was changed
    return rows.groupBy(*by).agg(F.collect_list(row).alias("stated"))


def held(kind: str, day: Column, column: str = "stated") -> Column:
    """Statement of a parameter that held on a day, the last before it; else the first one ever; null where none is.

    A struct with `value`, `holds_from` and `reference`.
    """
    own = F.filter(column, lambda s: s["kind"] == kind)
    best = F.array_max(F.transform(own, lambda s: s["preferred"]))
    preferred = F.filter(own, lambda s: s["preferred"] == best)
    before = F.filter(preferred, lambda s: s["holds_from"] <= day)
    last = _worst(before, F.array_max(F.transform(before, lambda s: s["holds_from"])))
    first = _worst(preferred, F.array_min(F.transform(preferred, lambda s: s["holds_from"])))
    return F.coalesce(last, first)


def _worst(statements: Column, day: Column) -> Column:
    """Of the statements of a day, the one of the worst value."""
    same = F.filter(statements, lambda s: s["holds_from"] == day)
    return F.array_max(F.transform(same, lambda s: F.struct(s["worst"], s["reference"], s["value"], s["holds_from"])))
