"""The exact odds ratio, of small counts and of counts of millions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats.contingency import odds_ratio

from models.disproportionality.counts import Cells, from_counts
from models.disproportionality.ror import ror
from models.disproportionality.ror_exact import R_TOLERANCE, Window, ror_exact


def cells(a: float, b: float, c: float, d: float) -> Cells:
    return from_counts([a], [a + b], [a + c], [a + b + c + d])


def test_it_is_scipys_conditional_odds_ratio():
    random = np.random.default_rng(1)
    for table in np.floor(np.exp(random.uniform(0, 8, (60, 4)))):
        ours, peer = ror_exact(cells(*table)), odds_ratio(table.reshape(2, 2).astype(int), kind="conditional")
        interval = peer.confidence_interval(0.95)
        found = [ours.estimate[0], ours.lower[0], ours.upper[0]]
        assert found == pytest.approx([peer.statistic, interval.low, interval.high], rel=1e-7)


@pytest.mark.parametrize("level", [0.5, 0.95, 1 - 1e-9])
@pytest.mark.parametrize(
    "table", [(30_000, 90_000, 50_000, 400_000), (12, 80_000, 70_000, 4e6), (70_000, 100, 9, 20_000)]
)
def test_bounds_of_large_counts_leave_their_tails_over_all_that_the_margins_allow(table, level):
    a, b, c, d = table
    found = ror_exact(cells(*table), level)
    k = np.arange(max(0, a - d), min(a + b, a + c) + 1)
    # ln of the weight, each term against its value at a: sums of ratios, where factorials would cancel
    log_weight = -sum(gammaln(x + 1) for x in (k, a + b - k, a + c - k, d - a + k))

    def chances(odds: float) -> np.ndarray:
        log_p = log_weight + (k - a) * np.log(odds)
        p = np.exp(log_p - log_p.max())
        return p / p.sum()

    assert float(chances(found.lower[0])[k >= a].sum()) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert float(chances(found.upper[0])[k <= a].sum()) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert float(chances(found.estimate[0]) @ k) == pytest.approx(a, rel=1e-7)


def test_counts_of_millions_meet_the_normal_limit_and_add_up_thousands():
    table = cells(20e6, 20e6, 20e6, 24e6)
    exact, woolf = ror_exact(table), ror(table)
    for name in ("estimate", "lower", "upper"):
        assert getattr(exact, name)[0] == pytest.approx(getattr(woolf, name)[0], rel=1e-6)
    few = ror_exact(cells(3, 1e7, 1e7, 1e9))
    assert few.upper[0] / few.estimate[0] == pytest.approx(8.7672731 / 3, rel=1e-5)  # Poisson: 0.6187, 8.7673
    assert few.lower[0] / few.estimate[0] == pytest.approx(0.6186721 / 3, rel=1e-5)


def test_what_a_window_leaves_out_is_bounded():
    a, row, column, total = 500.0, 3_000.0, 9_000.0, 60_000.0
    whole, part = Window.around(a, row, column, total, 1e9), Window.around(a, row, column, total, 40.0)
    assert whole.left_out(1.3) == 0.0
    for odds in (0.8, 1.0, 1.2):
        p = whole.probabilities(odds)
        outside = p[np.abs(whole.offset) > 40].sum()
        if np.isfinite(bound := part.left_out(odds)):
            assert outside / (1 - outside) <= bound
    assert np.isinf(part.left_out(10.0))
    assert part.wider().offset.size == 161


def test_edges_of_the_margins():
    assert np.isnan(ror_exact(cells(5, 0, 0, 9)).upper[0])
    none = ror_exact(cells(0, 1e6, 1e6, 1e8))
    assert (none.estimate[0], none.lower[0]) == (0.0, 0.0)
    assert none.upper[0] * 1e4 == pytest.approx(-np.log(0.025), rel=1e-3)  # no event in a Poisson count of 10,000
    assert np.isnan(ror_exact(from_counts([3], [3], [10], [10])).estimate[0])
    assert ror_exact(cells(3, 50, 20, 900), tolerance=R_TOLERANCE).estimate[0] == pytest.approx(
        ror_exact(cells(3, 50, 20, 900)).estimate[0], abs=1e-3
    )
