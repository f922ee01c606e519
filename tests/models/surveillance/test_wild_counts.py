"""Counts that are none give a reason in their row and stop nothing, in every method of this package."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.result import SHAPE
from models.surveillance import bayes, farrington
from models.surveillance.cusum import cusum, poisson_glr, poisson_shift
from models.surveillance.ears import ears
from models.surveillance.increase import increased
from models.surveillance.maxsprt import poisson_maxsprt

NAN, INF = float("nan"), float("inf")
WILD = st.one_of(
    st.integers(0, 30).map(float),
    st.sampled_from([0.0, -1.0, -1e9, 1e15, 1e300, NAN, INF, -INF, 0.5]),
    st.floats(allow_nan=True, allow_infinity=True),
)
SERIES = st.lists(WILD, min_size=1, max_size=60)
QUARTERS = replace(farrington.CONTROLS["farrington_flexible"], frequency=4, years=3)


def is_count(values):
    x = np.asarray(values, float)
    with np.errstate(invalid="ignore"):
        return np.isfinite(x) & (x >= 0) & (x <= 2.0**53)


def checked(found, counts):
    """The shape, a row a period, a number or a reason in each, and a reason where there is no count."""
    assert list(SHAPE) == [column for column in found.columns if column in SHAPE]
    assert found.height == len(counts)
    told = found["not_computed"].is_not_null()
    assert (found["estimate"].is_null() == told).all()
    assert (found["is_signal"].is_null() == told).all()
    assert told.filter(pl.Series(~is_count(counts))).all()
    for column in ("estimate", "lower", "upper", "p_value"):
        assert found[column].drop_nulls().is_finite().all()


@settings(max_examples=150, deadline=None)
@given(SERIES)
def test_methods_of_counts(counts):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("C1", "C2", "C3"):
            checked(ears(counts, method), counts)
        checked(cusum(counts, mean=3.0), counts)
        for name, control in bayes.CONTROLS.items():
            checked(bayes.bayes(counts, replace(control, frequency=13), name), counts)
        for threshold in ("delta", "nb", "muan"):
            checked(farrington.farrington(counts, replace(QUARTERS, threshold=threshold)), counts)
        checked(farrington.farrington(counts, replace(QUARTERS, season_levels=1, trend_level=0.05)), counts)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WILD, WILD), min_size=1, max_size=30), st.booleans())
def test_methods_of_counts_and_what_is_expected(pairs, grouped):
    counts, expected = zip(*pairs, strict=True)
    usable = is_count(counts) & is_count(expected) & ~((np.array(expected) == 0) & (np.array(counts) > 0))
    for found in (
        poisson_shift(counts, expected, 0.7),
        poisson_glr(counts, expected),
        poisson_maxsprt(counts, expected, limit=20, grouped=grouped),
    ):
        checked(found, counts)
        assert found["not_computed"].is_not_null().filter(pl.Series(~usable)).all()


@settings(max_examples=300)
@given(st.lists(st.tuples(*[WILD] * 6), min_size=1, max_size=20))
def test_increased_frequency(rows):
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = increased(tuple(columns[:3]), tuple(columns[3:]))
    now = np.array(columns[0]), np.array(columns[3])
    with np.errstate(invalid="ignore"):
        is_share = np.isfinite(now).all(axis=0) & (now[1] > 0) & (now[0] >= 0) & (now[0] <= now[1])
    assert found.height == len(rows)
    assert (found["estimate"].is_null() == found["not_computed"].is_not_null()).all()
    assert found["not_computed"].is_not_null().filter(pl.Series(~is_share)).all()
    assert found["estimate"].drop_nulls().is_between(0, 1).all()


@pytest.mark.parametrize(
    ("pair", "product", "reason"),
    [
        ((0, 5, 3), (-2, 10, 20), "product with fewer reports than 12 months ago"),
        ((-1, 5, 3), (4, 10, 20), "pair with fewer reports than 12 months ago"),
        ((5, 0, 0), (4, 10, 20), "more reports of the pair than of its product"),
        ((1, 0, 0), (4, 0, 0), "product without reports before"),
        ((1, -2, 0), (4, -3, 1), "product with fewer than no reports before"),
        ((0, 1, 0), (0, 3, 1), "product without reports in 12 months"),
        ((NAN, 1, 0), (5, 3, 1), "a count is missing"),
        ((4, -1, 2), (9, -3, 30), None),  # only the year between shrank: what is before is known
    ],
)
def test_a_product_that_shrinks_is_told(pair, product, reason):
    found = increased(tuple([x] for x in pair), tuple([x] for x in product))
    assert found["not_computed"].to_list() == [reason]
    assert increased(([0], [5], [3]), ([-2], [10], [20]))["is_signal"].to_list() == [None]


def test_sums_pass_over_what_is_no_count():
    counts = [4, 5, NAN, 6, 5]
    assert cusum(counts, mean=4)["estimate"][-1] == cusum([4, 5, 6, 5], mean=4)["estimate"][-1]
    with_gap = poisson_maxsprt(counts, [3.0] * 5, limit=20)
    assert with_gap["llr"][-1] == poisson_maxsprt([4, 5, 6, 5], [3.0] * 4, limit=20)["llr"][-1]
    assert with_gap["not_computed"].to_list() == [None, None, "count is missing", None, None]
