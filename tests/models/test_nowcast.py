"""Chain ladder against Mack's published example, and its intervals against simulated months."""

from __future__ import annotations

import numpy as np
import pytest

from models.nowcast.chain_ladder import as_seen, at_least, develop, nowcast

# Taylor and Ashe 1983, the triangle of Mack 1993, ASTIN Bulletin 23:213-225, with his reserves and standard errors.
TAYLOR_ASHE = [
    [357848, 766940, 610542, 482940, 527326, 574398, 146342, 139950, 227229, 67948],
    [352118, 884021, 933894, 1183289, 445745, 320996, 527804, 266172, 425046],
    [290507, 1001799, 926219, 1016654, 750816, 146923, 495992, 280405],
    [310608, 1108250, 776189, 1562400, 272482, 352053, 206286],
    [443160, 693190, 991983, 769488, 504851, 470639],
    [396132, 937085, 847498, 805037, 705960],
    [440832, 847631, 1131398, 1063269],
    [359480, 1061648, 1443370],
    [376686, 986608],
    [344014],
]
RESERVES = [0, 94634, 469511, 709638, 984889, 1419459, 2177641, 3920301, 4278972, 4625811]
ERRORS = [0, 75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155]


@pytest.fixture
def increments():
    """The triangle with nothing where it is still to come."""
    return np.array([row + [0] * (10 - len(row)) for row in TAYLOR_ASHE], dtype=float)


def test_reserves_and_errors_are_macks(increments):
    seen = as_seen(increments, 9)
    lag = 9 - np.arange(10)
    observed = seen[np.arange(10), lag]
    estimate, lower, upper, error = nowcast(develop(seen), observed, lag)
    assert estimate - observed == pytest.approx(RESERVES, abs=1)
    assert error == pytest.approx(ERRORS, abs=1)
    assert np.all((lower <= estimate) & (estimate <= upper))
    assert (lower[0], upper[0]) == (observed[0], observed[0])


def test_what_a_flow_could_not_show_is_not_seen(increments):
    seen = as_seen(increments, 3)
    assert np.isfinite(seen).sum() == 4 + 3 + 2 + 1
    assert seen[1, 2] == sum(TAYLOR_ASHE[1][:3])


def test_shares_of_what_has_come_grow_to_one(increments):
    shares = develop(as_seen(increments, 9)).share_reported()
    assert np.all(np.diff(shares) > 0)
    assert shares[-1] == 1


def test_a_month_of_which_nothing_has_come_has_a_bound_all_the_same():
    development = develop([[50.0, 100.0], [40.0, 80.0], [60.0, 120.0]])
    estimate, lower, upper, _ = nowcast(development, [0.0], [0])
    assert (estimate[0], lower[0]) == (0, 0)
    assert upper[0] == pytest.approx(2 * 3.689, abs=0.01)


def test_a_sum_has_no_less_variance_than_its_parts(increments):
    whole, each = develop(as_seen(increments, 9)), develop(as_seen(increments / 10, 9))
    assert np.all(at_least(each, whole).variance >= whole.variance)


@pytest.mark.parametrize("clumping", [1, 8])
def test_intervals_hold_what_comes_nineteen_times_in_twenty(clumping):
    random = np.random.default_rng(7)
    shares = np.array([0.7, 0.19, 0.06, 0.03, 0.01, 0.01])
    held, n = 0, 0
    for _ in range(60):
        level = random.uniform(50, 400) / clumping
        increments = random.poisson(level * shares, (24, 6)) * float(clumping)
        final = increments.sum(axis=1)
        seen = as_seen(increments, 23)
        open_months = np.arange(19, 24)
        lag = 23 - open_months
        _, lower, upper, _ = nowcast(develop(seen), seen[open_months, lag], lag)
        held += int(((final[open_months] >= np.floor(lower)) & (final[open_months] <= np.ceil(upper))).sum())
        n += open_months.size
    assert 0.91 <= held / n <= 1.0
