"""Odds ratios of Arrow batches that hold whole groups of places: the body of a Spark task."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from models.association.williams import FEWEST, FORMS, Association, Floats, association

GROUP = ["source", "series", "host", "bacterium", "class_code", "criterion", "exposure_kind", "period"]
ANSWER_SQL = (
    ", ".join(f"{c} string" for c in (*GROUP, "form", "rule"))
    + ", n_places int, n_tested bigint, odds_ratio double, lower double, upper double, p_value double, phi double, "
    "is_best_form boolean, why_none string"
)
FIGURES = ("odds_ratio", "lower", "upper", "p_value", "phi")
IMPOSSIBLE = "more isolates resist than were tested"


def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Fit each group of the task."""
    given = list(batches)
    if given:
        rows = [row for part in pl.DataFrame(pa.Table.from_batches(given)).partition_by(GROUP) for row in fitted(part)]
        if rows:
            yield from pa.Table.from_pylist(rows, _schema()).to_batches()


def fitted(places: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of one group of places: every form by every rule, n_resistant of n_tested against exposure."""
    ordered = places.sort("place")
    group = {c: ordered[c][0] for c in GROUP}
    x, y, n = (
        ordered[c].cast(pl.Float64).fill_null(np.nan).to_numpy() for c in ("exposure", "n_resistant", "n_tested")
    )
    is_possible = not (np.any(y > n) or np.any(y < 0) or np.any(x < 0))
    rows: list[dict[str, Any]] = []
    made: dict[bytes, dict[str, Association]] = {}  # where both rules keep the same places, they are fitted once
    for rule, fewest in FEWEST.items():
        kept = np.isfinite(x) & np.isfinite(y) & (n >= max(fewest, 1))
        if (which := kept.tobytes()) not in made:
            made[which] = _fits(x[kept], y[kept], n[kept]) if is_possible else _none(int(kept.sum()))
        answers = made[which]
        best = max((a.log_likelihood for a in answers.values() if not a.reason), default=None)
        for form, a in answers.items():
            told = {c: v if math.isfinite(v := getattr(a, c)) else None for c in FIGURES}
            same = {"n_places": a.n_places, "n_tested": int(n[kept].sum()), "is_best_form": a.log_likelihood == best}
            rows.append({**group, "form": form, "rule": rule, **told, **same, "why_none": a.reason or None})
    return rows


def _fits(x: Floats, y: Floats, n: Floats) -> dict[str, Association]:
    return {form: association(x, y, n, form) for form in FORMS}


def _none(n_places: int) -> dict[str, Association]:
    return {form: Association(n_places, reason=IMPOSSIBLE) for form in FORMS}


def _schema() -> pa.Schema:
    types = {"string": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "double": pa.float64()}
    types["boolean"] = pa.bool_()
    return pa.schema([(name, types[kind]) for name, kind in (part.split() for part in ANSWER_SQL.split(", "))])
