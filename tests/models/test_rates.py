"""Exact intervals and ratios of rates against published values and against their definition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from models.rates.exact import incidence_class, poisson_interval, rate_ratio

GARWOOD = {0: (0.0, 3.689), 1: (0.0253, 5.572), 5: (1.6235, 11.668), 10: (4.7954, 18.390), 30: (20.241, 42.827)}


def test_poisson_bounds_are_garwoods():
    lower, upper = poisson_interval(list(GARWOOD))
    assert lower == pytest.approx([v[0] for v in GARWOOD.values()], abs=5e-4)
    assert upper == pytest.approx([v[1] for v in GARWOOD.values()], abs=5e-3)
    assert np.isnan(poisson_interval([-1, np.nan])).all()


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_a_ratio_is_what_the_exact_binomial_test_says(n, m, exposure, other):
    ratio, lower, upper, p = (float(x) for x in rate_ratio(n, exposure, m, other))
    if n + m == 0:
        assert np.isnan([ratio, lower, upper, p]).all()
        return
    found = stats.binomtest(n, n + m, exposure / (exposure + other)).proportion_ci(method="exact")
    with np.errstate(divide="ignore"):
        bounds = [np.float64(b) / (1 - np.float64(b)) * other / exposure for b in (found.low, found.high)]
    assert [lower, upper] == pytest.approx(bounds, rel=1e-6)
    assert lower <= ratio <= upper
    assert (p < 0.05) == (lower > 1 or upper < 1) or abs(p - 0.05) < 1e-6


def test_nothing_is_compared_without_exposure():
    assert np.isnan(rate_ratio(3, 0, 1, 10)).all()


def test_classes_of_incidence_begin_at_their_bounds():
    shares = [0.2, 0.1, 0.0999, 0.01, 0.005, 0.0001, 0.00001, 0.0, np.nan]
    names = [
        "very_common",
        "very_common",
        "common",
        "common",
        "uncommon",
        "rare",
        "very_rare",
        "very_rare",
        "not_known",
    ]
    assert incidence_class(shares).tolist() == names
