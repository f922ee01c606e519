"""Durations with open ones among them, against a published data set and figures worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.evaluation.metrics import kaplan_meier
from models.survival.kaplan_meier import curve, median

# Weeks of remission under 6-mercaptopurine, minus for those that were still in remission (Freireich 1963; Gehan 1965).
WEEKS = [6, 6, 6, -6, 7, -9, 10, -10, -11, 13, 16, -17, -19, -20, 22, 23, -25, -32, -32, -34, -35]


def test_the_remissions_of_freireich_are_those_printed():
    time, ended = np.abs(WEEKS), np.array(WEEKS) > 0
    found = curve(time, ended)
    assert found.times.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    printed = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert found.lasting == pytest.approx(printed, abs=5e-4)
    assert median(time, ended)[:2] == (23.0, 13.0)
    assert np.isnan(median(time, ended)[2]), "the upper bound is not reached"


def test_an_open_step_counts_as_at_least_so_long():
    """Two files at ANSES: 55 days, and 45 that still last; by hand 1, then 0 at 55. Of 55 and 60 open, never."""
    assert curve([55, 45], [True, False]).lasting.tolist() == [0.0]
    assert median([55, 45], [True, False])[0] == 55
    assert median([55, 60], [True, False])[0] == 55 and curve([55, 60], [True, False]).lasting.tolist() == [0.5]
    assert np.isnan(median([55, 60, 70], [True, False, False])[0])
    assert np.isnan(median([], [])).all()


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=30))
def test_shares_fall_and_bounds_hold_the_median(rows):
    time, ended = np.array([t for t, _ in rows], float), np.array([e for _, e in rows], bool)
    lasting = curve(time, ended).lasting
    assert ((lasting >= 0) & (lasting <= 1)).all() and (np.diff(lasting) <= 0).all()
    middle, low, high = median(time, ended)
    assert not (low > middle) and not (high < middle)
    if rows:
        assert kaplan_meier(time, ended, [60.0])[0] == pytest.approx(1 - lasting[-1] if lasting.size else 0.0)
