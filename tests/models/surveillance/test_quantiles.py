"""Quantiles of counts: scipy's where its search ends, and an answer at once everywhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from models.surveillance.quantiles import negative_binomial_upper, poisson_upper

LEVELS = st.sampled_from([0.05, 0.01, 0.005, 1e-4])


@given(LEVELS, st.floats(0.05, 400), st.floats(0.01, 0.99))
def test_what_scipy_finds_is_found(alpha, size, chance):
    assert negative_binomial_upper(alpha, size, chance) == nbinom.isf(alpha, size, chance)


@given(LEVELS, st.floats(0.01, 1e5))
def test_what_scipy_finds_of_a_poisson_is_found(alpha, mean):
    assert poisson_upper(alpha, mean) == poisson.isf(alpha, mean)


@settings(max_examples=500, deadline=1000)
@given(LEVELS, st.floats(1e-300, 1e300), st.floats(1e-300, 1))
def test_wild_arguments_have_an_answer_at_once(alpha, size, chance):
    assert negative_binomial_upper(alpha, size, chance) >= 0
    assert poisson_upper(alpha, size) >= 0


def test_what_is_unknown_is_nan_among_others():
    found = negative_binomial_upper(0.05, np.array([3.0, np.nan, 3.0]), np.array([0.2, 0.2, np.inf]))
    assert np.isnan(found).tolist() == [False, True, True]
    assert np.isnan(poisson_upper(0.05, np.nan))
