"""p-values of the scans: small data by hand, and the share of null data sets that alarm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.treescan.treescan import Tree, bernoulli, poisson, temporal, tree_temporal


def test_p_is_the_share_of_drawn_data_that_reach_as_far():
    """All data sets of three cases on two leaves, by hand: P(3 of 3 on one) = 2/8 conditional on the total."""
    pair = Tree.of([("a", "top"), ("b", "top")])
    row = poisson(pair, np.array([3.0, 0.0]), np.array([1.0, 1.0]), replications=39_999).row(0, named=True)
    assert row["llr"] == pytest.approx(3 * math.log(2))
    assert row["p_value"] == pytest.approx(0.25, abs=0.01)
    uneven = poisson(pair, np.array([3.0, 1.0]), np.array([1.0, 3.0]), replications=39_999).row(0, named=True)
    # c = 3 or 4 of 4 on `a` (each with chance 1/4): 4 * 3/256 + 1/256; all four on `b` has a smaller ratio.
    assert uneven["p_value"] == pytest.approx(13 / 256, abs=0.005)
    days = temporal([3.0, 0.0, 0.0, 0.0], shortest=2, replications=39_999)
    # Windows 1-2, 2-3 and 3-4: all three cases in one of them, 3/8 less those on one day of two windows: 2/64.
    assert days["p_value"][0] == pytest.approx(3 / 8 - 2 / 64, abs=0.01)
    two = np.array([[2.0, 0, 0, 0], [0, 0, 0, 2.0]])
    found = tree_temporal(pair, two, "node_and_time", replications=39_999)
    # Four cases, two on day 1 and two on day 4: both of `a` on one day, as found, in 2 of 6 pairings.
    assert found["p_value"][0] == pytest.approx(1 / 3, abs=0.01)


def flat(n):
    return Tree.of([(f"l{i:02}", f"h{i % 4}") for i in range(n)] + [(f"h{k}", "top") for k in range(4)])


def poisson_null(random, conditional):
    tree, share = flat(16), random.uniform(2, 12, 16)
    return poisson(tree, random.poisson(share).astype(float), share, conditional, replications=199)


def bernoulli_null(random, probability):
    tree, size = flat(12), random.integers(8, 30, 12)
    cases = random.binomial(size, 0.3).astype(float)
    return bernoulli(tree, cases, size - cases, probability, replications=199)


def temporal_null(random, mean):
    return temporal(random.poisson(mean, 24), replications=199)


def tree_temporal_null(random, condition):
    """With bursts that befall all leaves for the scan that keeps days, and even days for the one that does not."""
    by_day = random.uniform(0.5, 4, 14) if condition == "node_and_time" else np.full(14, 2.0)
    return tree_temporal(
        flat(8), random.poisson(random.uniform(0.5, 2, (8, 1)) * by_day).astype(float), condition, replications=199
    )


NULLS = [(poisson_null, True), (poisson_null, False), (bernoulli_null, None), (bernoulli_null, 0.3)]
NULLS += [
    (temporal_null, 3.0),
    (temporal_null, 0.8),
    (tree_temporal_null, "node"),
    (tree_temporal_null, "node_and_time"),
]


def false_alarms(null, shape, data_sets, seed):
    random = np.random.default_rng(seed)
    return np.mean([bool(null(random, shape)["is_signal"].any()) for _ in range(data_sets)])


@pytest.mark.parametrize(("null", "shape"), NULLS)
def test_false_alarms_are_as_many_as_said(null, shape):
    """600 null data sets, seeded."""
    assert 0.03 < false_alarms(null, shape, 600, 8) < 0.07


@pytest.mark.slow
@pytest.mark.parametrize(("null", "shape"), NULLS)
def test_false_alarms_are_five_in_a_hundred(null, shape):
    assert 0.03 < false_alarms(null, shape, 2_000, 9) < 0.07
