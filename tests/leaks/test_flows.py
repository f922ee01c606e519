"""Flows that come later change nothing of what was known, and judged, of the flows before."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.nowcast.chain_ladder import as_seen
from pipelines.defs.gold.completeness import estimate
from pipelines.defs.gold.completeness.build import flow_triangle
from pipelines.defs.gold.completeness.estimate import Triangle, judgements, month_number
from pipelines.defs.silver.dispensing.tables import Dispensing
from tests.gold.drugs import lake

D = dt.date
SHARES = np.array([0.0, 0.7, 0.2, 0.06, 0.04])
CUT = D(2023, 10, 31)


def end(month: int) -> D:
    return D(2022 + (month + 1) // 12, (month + 1) % 12 + 1, 1) - dt.timedelta(1)


def cells(n_months=30, seed=3):
    """Flows of thirty months; those of a later date are what is removed or replaced."""
    random = np.random.default_rng(seed)
    rows = [
        {"substance_key": key, "month": end(month), "lag": lag, "n_packs": float(random.poisson(120 * share))}
        for month in range(n_months)
        for key in ("A", "B")
        for lag, share in enumerate(SHARES)
    ]
    each = pl.DataFrame(rows).filter(flow(pl.DataFrame(rows)) < month_number(end(0)) + n_months)
    every = each.group_by("month", "lag", maintain_order=True).agg(pl.col("n_packs").sum())
    return pl.concat([each, every.select(pl.lit("all").alias("substance_key"), "month", "lag", "n_packs")])


def flow(rows: pl.DataFrame) -> pl.Series:
    return rows["month"].dt.year().cast(pl.Int64) * 12 + rows["month"].dt.month() - 1 + rows["lag"]


def removed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(flow(rows) <= month_number(CUT))


def replaced(rows: pl.DataFrame) -> pl.DataFrame:
    """Later flows of other sizes, of a substance never seen, and later than any flow was before."""
    noise = rows.filter(flow(rows) > month_number(CUT)).with_columns(n_packs=pl.col("n_packs") * 5 - 30)
    new = noise.filter(pl.col("substance_key") == "A").with_columns(substance_key=pl.lit("NEW"))
    late = rows.filter((pl.col("month") == D(2022, 9, 30)) & (pl.col("lag") == 1)).with_columns(
        lag=pl.lit(18, rows.schema["lag"]), n_packs=pl.lit(-77.0)
    )
    return pl.concat([removed(rows), noise, new, late])


def judged(rows: pl.DataFrame) -> dict:
    kept = judgements(rows).filter(pl.col("flow_month") <= CUT)
    told = ("lag", "n_observed", "n_estimated", "n_lower", "n_upper")
    return {(r["flow_month"], r["month"], r["substance_key"]): [r[c] for c in told] for r in kept.to_dicts()}


@pytest.mark.parametrize("change", [removed, replaced])
def test_what_was_judged_of_a_flow_stays(change):
    then, now = judged(change(cells())), judged(cells())
    both = then.keys() & now.keys()
    assert len(both) > 50
    assert [k for k in sorted(both) if then[k] != now[k]] == []


def test_a_leak_of_later_flows_would_be_seen(monkeypatch):
    """Planted: all flows are at hand, and one more than had come is looked at."""
    honest = Triangle.__init__
    monkeypatch.setattr(Triangle, "__init__", lambda self, rows, n_lags=1: honest(self, today, n_lags))
    monkeypatch.setattr(estimate, "as_seen", lambda one, at: as_seen(one, at + 1))
    today = cells()
    now = judged(today)
    today = replaced(today)
    then = judged(today)
    both = then.keys() & now.keys()
    assert both
    assert any(then[k] != now[k] for k in both)


@pytest.mark.spark
def test_the_triangle_keeps_the_flows_that_had_come(spark):
    names = ("pack_key", "dispensed_date", "flow_date", "n_units")
    lines = [("CIP13:1", D(2023, m, 5), D(2023, m + lag, 1), 10 * m + lag) for m in (7, 8, 9) for lag in (1, 2, 3)]
    noise = [("CIP13:1", D(2023, 7, 5), D(2024, 1, 1), -50), ("CIP13:5", D(2023, 12, 9), D(2024, 1, 1), 9)]

    def triangle(chosen):
        rows = [dict(zip(names, v, strict=True)) | {"source": "snds", "kind": "town", "n_lines": 1} for v in chosen]
        made = pl.DataFrame(flow_triangle(lake(spark, {Dispensing: rows})).toArrow())
        return sorted(map(str, made.filter(flow(made) <= month_number(CUT)).rows()))

    known = [v for v in lines if v[2] <= CUT]
    assert triangle(known) == triangle([*known, *noise]) == triangle(lines)
