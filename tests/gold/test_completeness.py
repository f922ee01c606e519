"""The triangle of flows, nowcasts of months to come, and how those of the past turned out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from pipelines.core.dates import end_of_month
from pipelines.defs.gold.completeness.build import flow_triangle
from pipelines.defs.gold.completeness.estimate import judgements, nowcasts
from pipelines.defs.silver.dispensing.tables import Dispensing
from tests.gold.drugs import lake

D = dt.date
SHARES = np.array([0.0, 0.70, 0.19, 0.06, 0.03, 0.01, 0.01])
MONTHS, SUBSTANCES = 24, 12


@pytest.mark.spark
def test_a_regularisation_belongs_to_the_flow_that_brings_it(spark):
    lines = [
        ("CIP13:1", D(2024, 1, 5), D(2024, 2, 1), 3),
        ("CIP13:5", D(2024, 1, 9), D(2024, 2, 1), 1),
        ("CIP13:1", D(2024, 1, 5), D(2024, 4, 1), -2),
    ]
    names = ("pack_key", "dispensed_date", "flow_date", "n_units")
    rows = [dict(zip(names, line, strict=True)) | {"source": "snds", "kind": "town", "n_lines": 1} for line in lines]
    found = {
        (r["substance_key"], r["lag"]): (r["n_packs"], r["n_lines"])
        for r in flow_triangle(lake(spark, {Dispensing: rows})).collect()
    }
    assert found == {
        ("ASPIRIN", 1): (3, 1),
        ("ASPIRIN", 3): (-2, 1),
        ("SALSALATE", 1): (1, 1),
        ("all", 1): (4, 2),
        ("all", 3): (-2, 1),
    }


@pytest.fixture(scope="module")
def cells():
    """Flows of two years of several substances, the last months still open."""
    random, rows = np.random.default_rng(3), []
    for s in range(SUBSTANCES):
        for m in range(MONTHS):
            flows = random.poisson(random.uniform(100, 120) * (1 + s) * SHARES)
            rows += [
                (f"S{s}", end_of_month(2022 + m // 12, m % 12 + 1), lag, int(flows[lag]))
                for lag in range(1, 7)
                if m + lag < MONTHS
            ]
    each = pl.DataFrame(rows, schema=["substance_key", "month", "lag", "n_packs"], orient="row")
    whole = each.group_by("month", "lag").agg(pl.col("n_packs").sum()).with_columns(substance_key=pl.lit("all"))
    return pl.concat([each, whole.select(each.columns)])


def test_open_months_are_estimated_and_closed_ones_stand(cells):
    found = nowcasts(cells).filter(substance_key="all").sort("month")
    closed, last = found.row(0, named=True), found.row(-1, named=True)
    assert (closed["n_estimated"], closed["n_lower"], closed["n_upper"]) == (closed["n_observed"],) * 3
    assert (last["lag"], last["flow_month"]) == (1, D(2023, 12, 31))
    assert last["share_reported"] == pytest.approx(0.70, abs=0.02)
    assert last["n_lower"] < last["n_estimated"] < last["n_upper"]
    assert last["n_estimated"] == pytest.approx(last["n_observed"] / 0.7, rel=0.03)


def test_intervals_of_the_past_held_what_came_in_the_end(cells):
    found = judgements(cells)
    assert found["is_covered"].mean() == pytest.approx(0.95, abs=0.04)
    assert found.filter(pl.col("flow_month") < pl.col("month")).is_empty()
    whole = found.filter(substance_key="all")
    assert whole["is_covered"].mean() > 0.85


@pytest.mark.parametrize("n_months", [1, 2, 3, 4, 5, 8])
def test_a_source_of_few_months_has_the_same_columns_and_nothing_to_judge(cells, n_months):
    flow = (pl.col("month").dt.year() - 2022) * 12 + pl.col("month").dt.month() - 1 + pl.col("lag")
    young = cells.filter(flow <= n_months)
    assert judgements(young).schema == judgements(cells).schema
    assert nowcasts(young).schema == nowcasts(cells).schema
    assert judgements(young).height == 0 or n_months > 6
