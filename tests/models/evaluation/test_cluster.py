"""Very small numbers against the exact tail, summed by hand, and the fourth case that raises the alert."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import binom

from models.evaluation.cluster import alerts, exact_recent
from models.evaluation.single import batch_exact, sequential


def window(n, substance, event, total):
    return SimpleNamespace(short=np.array([[n], [substance], [event], [total]], dtype=float))


def test_surprise_is_the_exact_poisson_tail():
    expected = 20 * (9 - 4) / (500 - 4)
    below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(4))
    assert exact_recent(window(4, 20, 9, 500))[0] == pytest.approx(-math.log10(1 - below))


def test_a_cluster_does_not_expect_itself():
    assert exact_recent(window(4, 4, 4, 500))[0] == exact_recent(window(4, 4, 4, 5000))[0]


def test_the_fourth_case_raises_the_alert_and_the_third_does_not():
    assert alerts(window(4, 6, 5, 400), 3.0)[0]
    assert not alerts(window(3, 6, 5, 400), 0.0)[0]
    assert not alerts(window(4, 200, 40, 400), 3.0)[0]


def test_the_sequential_rule_ranks_four_cases_first_by_their_tail():
    counts = [[2, 10, 3, 1000], [4, 10, 5, 1000], [9, 900, 300, 1000]]
    ranked = sequential(SimpleNamespace(short=np.array(counts, dtype=float).T))
    assert ranked[1] > ranked[2] > ranked[0]


def test_the_batch_rule_is_the_exact_binomial_tail():
    given = SimpleNamespace(n=np.full(3, 6.0), expected=np.full(3, 2.0), batch_links=np.array([0.0, 2.0, 15.0]))
    given.batch_usual = 0.1
    assert batch_exact(given) == pytest.approx([0, -np.log10(binom.sf(1, 15, 0.1)), 15], abs=1e-2)
