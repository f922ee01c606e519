"""Counts against siblings: the worked example of ten batches, scipy's binomial, and families without a bad batch."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.rates.exact import above_siblings
from pipelines.defs.gold.batch_watch.watched import NO_DOSES, NO_REGISTER, NO_SIBLINGS, against_siblings

COUNTS = st.integers(0, 60)
DOSES = st.integers(1, 50_000)


def family(n: list[int], doses: list[int | None], *, registered: bool = True, name: str = "f") -> pl.DataFrame:
    month = [dt.date(2024, 1, 31)] * len(n)
    told = {
        "family_key": [name] * len(n),
        "domain": ["human"] * len(n),
        "month": month,
        "n_reports": n,
        "n_doses": doses,
    }
    return pl.DataFrame(told | {"is_registered": [registered] * len(n)}, schema_overrides={"n_doses": pl.Int64})


@pytest.mark.samples
def test_the_worked_example_of_ten_batches(shared):
    rows = list(csv.DictReader((shared / "data/reference_values/batch_watch_example.csv").open()))
    found = against_siblings(family([int(r["reports"]) for r in rows], [int(r["doses"]) for r in rows]))
    for place, row in enumerate(rows):
        value = {name: column[place].as_py() for name, column in found.items()}
        assert value["expected"] == pytest.approx(float(row["expected_from_siblings"]), abs=5e-5)
        assert value["ratio"] == pytest.approx(float(row["observed_to_expected"]), abs=5e-4)
        for name, theirs in (("p_value", "p_conditional_exact"), ("q_value", "q_conditional_exact")):
            assert f"{value[name]:.3g}" == f"{float(row[theirs]):.3g}"
    assert f"{found['ratio'][4].as_py():.2f} {found['p_value'][4].as_py():.2e} {found['q_value'][4].as_py():.2e}" == (
        "5.40 3.30e-05 3.30e-04"
    )


@given(COUNTS, DOSES, COUNTS, DOSES)
def test_p_is_that_of_scipys_one_sided_binomial_test(n, e, m, f):
    expected, ratio, p = above_siblings(n, e, m, f)
    assert float(expected) == pytest.approx(m * e / f)
    if n + m:
        assert float(p) == pytest.approx(stats.binomtest(n, n + m, e / (e + f), alternative="greater").pvalue, rel=1e-9)
    else:
        assert np.isnan(ratio) and float(p) == 1.0


def test_nothing_is_expected_without_doses_siblings_or_a_register():
    rows = pl.concat([
        family([3, 2, 1], [100, 100, None]),
        family([4], [100], name="alone"),
        family([1], [None], registered=False, name="unknown"),
    ])  # fmt: skip
    found = against_siblings(rows)
    assert found["not_computed"].to_pylist() == [None, None, NO_DOSES, NO_SIBLINGS, NO_REGISTER]
    assert found["expected"].to_pylist() == [2.0, 3.0, None, None, None]
    assert found["n_siblings"].to_pylist() == [1, 1, 2, 0, 0]


@given(st.lists(st.tuples(COUNTS, DOSES), min_size=2, max_size=8), st.integers(2, 50))
def test_only_shares_of_doses_matter_and_exchanging_them_changes_what_is_expected(cells, factor):
    n, doses = map(list, zip(*cells, strict=True))
    found = against_siblings(family(n, doses))
    scaled = against_siblings(family(n, [d * factor for d in doses]))
    assert found["q_value"].to_pylist() == pytest.approx(scaled["q_value"].to_pylist())
    turned = against_siblings(family(n, doses[::-1]))
    if doses[0] * (sum(n) - n[0]) * (sum(doses) - doses[-1]) != doses[-1] * (sum(n) - n[0]) * (sum(doses) - doses[0]):
        assert found["expected"][0] != turned["expected"][0]


def test_families_without_a_bad_batch_raise_few_alarms():
    """200 families of ten batches at one rate: those with any q up to 0.05 are at most as many as promised."""
    random = np.random.default_rng(7)
    alarms = 0
    for _ in range(200):
        doses = random.integers(5_000, 20_000, 10)
        found = against_siblings(family(random.poisson(doses * 3e-4).tolist(), doses.tolist()))
        alarms += any(q is not None and q <= 0.05 for q in found["q_value"].to_pylist())
    assert alarms <= 200 * 0.05 + 3 * np.sqrt(200 * 0.05 * 0.95)
