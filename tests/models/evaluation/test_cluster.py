"""Very small numbers against the exact tail, summed by hand, and the fourth case that raises the alert."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from models.evaluation.cluster import alerts, exact_recent


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
