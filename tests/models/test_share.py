"""Bounds of shares against the binomial test's, and against printed values."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.rates.share import exact_share, score_share


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_bounds_are_those_of_the_binomial_test(k, other):
    n = k + other
    if n == 0:
        assert np.isnan([*exact_share(0, 0), *score_share(0, 0)]).all()
        return
    for bounds, method in ((exact_share, "exact"), (score_share, "wilson")):
        found = stats.binomtest(k, n).proportion_ci(method=method)
        assert [float(b) for b in bounds(k, n)] == pytest.approx([found.low, found.high], abs=1e-9)


def test_what_is_no_share_has_no_bounds():
    for k, n in ((-1, 10), (11, 10), (np.nan, 10), (3, np.nan)):
        assert np.isnan([*exact_share(k, n), *score_share(k, n)]).all()


def test_exact_bounds_are_the_printed_ones(shared):
    with (shared / "data/reference_values/exact_intervals.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["method"] == "Clopper-Pearson"]
    assert len(rows) == 3
    for r in rows:
        bounds = [float(b) for b in exact_share(int(r["observed"]), int(r["exposure"]))]
        assert bounds == pytest.approx([float(r["lower95"]), float(r["upper95"])], abs=5e-7)
