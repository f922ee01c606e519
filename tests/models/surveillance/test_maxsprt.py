"""MaxSPRT against the published critical values."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq
from scipy.stats import gamma, poisson

from models.surveillance.maxsprt import (
    NoBoundary,
    binomial_alpha,
    binomial_boundary,
    binomial_llr,
    poisson_alpha,
    poisson_boundary,
    poisson_group_alpha,
    poisson_group_boundary,
    poisson_llr,
    poisson_maxsprt,
)
from models.surveillance.power import poisson_power


@pytest.mark.samples
def test_poisson_boundaries_are_the_published_ones(shared):
    folder = shared / "references/sequential_maxsprt"
    frames = [
        pl.read_csv(folder / f"expected_CVPoisson_continuous_{n}.csv", null_values="NA")
        for n in ("alpha05_by_M", "other_alpha")
    ]
    rows = pl.concat(frames, how="diagonal")
    assert rows.height > 190
    for row in rows.iter_rows(named=True):
        given = (float(row["SampleSize"]), row["alpha"], row["M"], float(row["D"] or 0))
        if not row["cv"]:
            with pytest.raises((NoBoundary, ValueError)):
                poisson_boundary(*given)
        else:
            assert poisson_alpha(row["cv"], given[0], given[2], given[3]) == pytest.approx(given[1], abs=2e-8), row
            assert poisson_boundary(*given) == pytest.approx(row["cv"], abs=1e-5), row


@pytest.mark.samples
def test_binomial_boundaries_and_their_error_are_the_published_ones(shared):
    for row in pl.read_csv(shared / "references/sequential_maxsprt/expected_CVBinomial.csv").iter_rows(named=True):
        groups = [int(g) for g in str(row["GroupSizes"]).split()]
        looks = np.cumsum(groups).tolist() if len(groups) > 1 else None
        boundary, error = binomial_boundary(row["N"], row["z"], row["alpha"], row["M"], looks)
        # The reference gives the lowest boundary, we the lowest ratio that is reached at or above it: the same test.
        assert boundary > row["cv"] - 1e-5, row
        assert error == binomial_alpha(row["cv"], row["N"], row["z"], row["M"], looks), row
        assert error == pytest.approx(row["type1"], abs=1e-9), row


def test_looking_in_groups_of_the_published_example():
    """R's Sequential documents 2.131835 for groups of 5, 6, 6, 5, 8 expected events."""
    looks = np.cumsum([5, 6, 6, 5, 8])
    boundary, error = poisson_group_boundary(looks)
    assert boundary >= 2.131835 - 1e-6
    assert error == poisson_group_alpha(2.131835, looks) <= 0.05 < poisson_group_alpha(2.1318, looks)
    simulated = np.random.default_rng(0).poisson([5, 6, 6, 5, 8], (200_000, 5)).cumsum(axis=1)
    assert (poisson_llr(simulated, looks) >= boundary).any(axis=1).mean() == pytest.approx(error, abs=0.002)
    with pytest.raises(ValueError, match="each above"):
        poisson_group_boundary([3, 2])
    grouped = poisson_maxsprt([3, 8], [2, 3], limit=5, grouped=True)
    assert grouped["method"][0] == "maxsprt_poisson_grouped"
    assert poisson_group_boundary([2, 5])[0] < poisson_boundary(5)


def test_a_series_signals_when_its_ratio_crosses_and_not_before():
    shown = poisson_maxsprt([0, 1, 2, 9, 1, 30], [1, 1, 1, 1, 1, 30], limit=20)
    assert shown["is_signal"].to_list() == [False, False, False, True, True, None]
    assert shown["not_computed"].to_list()[-1] == "expected count above the limit 20"
    assert shown["llr"][3] == pytest.approx(4 - 12 + 12 * np.log(3))
    assert poisson_llr([2, 5], [3, 5]).tolist() == [0, 0]


def chain(boundary, limit, minimum, delay, risk=1.0):
    """Crossing chance and mean time by a chain of its own: roots of the ratio by bisection, transitions as matrices."""

    def reached(n):  # expected count at which n events have the boundary's ratio
        return brentq(lambda mu: n * np.log(n / mu) - (n - mu) - boundary, 1e-12, n)

    n = minimum
    while reached(n) < delay:
        n += 1
    steps, at = [(delay, n)], delay
    while at < limit:
        at = min(max(reached(n), delay), limit)
        steps.append((at, n))
        n += 1
    law, before, crossed, spent = np.array([1.0]), 0.0, 0.0, 0.0
    for index, (at, n) in enumerate(steps):
        width = risk * (at - before)
        more = poisson.pmf(np.arange(n)[None, :] - np.arange(law.size)[:, None], width)
        missing = n - np.arange(law.size)
        crossed += law @ poisson.sf(missing - 1, width)
        # The j-th event of the step comes at before + t: its density is gamma, cut at the step's end.
        inside = missing / risk * gamma.cdf(at - before, missing + 1, scale=1 / risk)
        spent += law @ (
            at * poisson.sf(missing - 1, width) if index == 0 else before * poisson.sf(missing - 1, width) + inside
        )
        law, before = law @ more, at
    return crossed, spent


DESIGNS = [(2, 1, 1.0), (1.5, 1, 1.0), (5, 1, 1.0), (8, 3, 0.7), (20, 1, 4.0), (20, 4, 0.0), (30, 2, 10.0), (4, 5, 0.5)]


@pytest.mark.parametrize(("limit", "minimum", "delay"), DESIGNS)
def test_a_delay_against_a_chain_of_its_own(limit, minimum, delay):
    for boundary in (0.5, 1.7, 2.1, 3.0, 4.2):
        mine = chain(boundary, limit, minimum, delay)[0]
        assert poisson_alpha(boundary, limit, minimum, delay) == pytest.approx(mine, abs=1e-12)
    found = poisson_boundary(limit, 0.05, minimum, delay)
    assert chain(found, limit, minimum, delay)[0] <= 0.05 + 1e-8
    assert chain(found - 1e-6, limit, minimum, delay)[0] > 0.05


def test_published_boundaries_with_a_delay():
    """Kulldorff 2011, table 2, and R's Sequential, by limit and delay; 2.545178 is the lowest that errs at most 5 %."""
    published = {(1.5, 1): 1.683209, (2, 1): 2.000158, (3, 2): 1.766485, (5, 1): 2.545178, (10, 6): 2.087405}
    published |= {(20, 1): 3.082511, (20, 10): 2.260811, (60, 3): 3.226113}
    for (limit, delay), boundary in published.items():
        assert poisson_boundary(limit, delay=delay) == pytest.approx(boundary, abs=1e-6)
    assert poisson_alpha(2.000158, 2, 1, 1.0) == pytest.approx(0.05, abs=1e-7)


@pytest.mark.parametrize(("limit", "minimum", "delay"), DESIGNS)
def test_power_and_times_against_a_chain_of_its_own(limit, minimum, delay):
    found = poisson_power([0.5, 1, 1.5, 3], limit, 0.05, minimum, delay)
    for risk, boundary, _, power, time, length in found.iter_rows():
        crossed, spent = chain(boundary, limit, minimum, delay, risk)
        assert power == pytest.approx(crossed, abs=1e-12)
        assert time == pytest.approx(spent / crossed, rel=1e-9)
        assert length == pytest.approx(spent + (1 - crossed) * limit, rel=1e-9)
    assert found["power"].is_sorted()
    assert found["error"][0] == found["power"][1]


def simulated(boundary, limit, minimum, delay, risk, draws, seed):
    """Share that signals, and when, from event times drawn one by one."""
    rng = np.random.default_rng(seed)
    times = rng.exponential(1 / risk, (draws, int(3 * risk * limit + 60))).cumsum(axis=1)
    n = np.arange(1, times.shape[1] + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(n > times, n * np.log(n / times) - (n - times), 0)
    crossed = (ratio >= boundary) & (n >= minimum) & (times >= delay) & (times <= limit)
    first = np.where(crossed, times, np.inf).min(axis=1)
    if delay > 0:
        held = (times <= delay).sum(axis=1)
        at_delay = np.where(held > delay, held * np.log(np.maximum(held, 1) / delay) - (held - delay), 0)
        first = np.where((at_delay >= boundary) & (held >= minimum), delay, first)
    return np.isfinite(first), first


@pytest.mark.parametrize(("limit", "minimum", "delay"), [(1, 1, 0), (20, 1, 0), (20, 4, 0), (8, 1, 3), (3, 2, 1)])
def test_size_and_power_by_simulation(limit, minimum, delay, draws=20_000):
    boundary = poisson_boundary(limit, 0.05, minimum, delay)
    error = poisson_alpha(boundary, limit, minimum, delay)
    signals, _ = simulated(boundary, limit, minimum, delay, 1.0, draws, 1)
    assert 0.03 <= signals.mean() <= 0.07
    assert signals.mean() == pytest.approx(error, abs=0.006)
    signals, first = simulated(boundary, limit, minimum, delay, 2.0, draws, 2)
    row = poisson_power([2.0], limit, 0.05, minimum, delay).row(0, named=True)
    assert signals.mean() == pytest.approx(row["power"], abs=0.012)
    assert first[signals].mean() == pytest.approx(row["time_to_signal"], rel=0.04)


SHAPES = {
    "even": np.full(24, 0.8),
    "rising": np.linspace(0.1, 3, 24),
    "season": 1 + 0.9 * np.sin(np.arange(36) / 6),
    "holidays": np.where(np.arange(40) % 4 == 3, 0.0, 1.0),
    "one large": np.r_[0.2, 15.0, 0.2, 0.2],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_size_of_a_followed_series(shape, draws=3_000):
    """Looks by period: the grouped boundary errs what it says, the continuous one less."""
    expected = SHAPES[shape]
    limit = expected.sum() + 1e-9
    looks = np.unique(expected.cumsum()[expected.cumsum() > 0])
    error = poisson_group_boundary(looks)[1]
    counts = np.random.default_rng(3).poisson(expected, (draws, expected.size))
    ratios = poisson_llr(counts.cumsum(axis=1), expected.cumsum())
    hits = (ratios >= poisson_group_boundary(looks)[0] - 1e-11).any(axis=1)
    assert hits.mean() == pytest.approx(error, abs=0.012)
    assert error <= 0.05
    for draw in np.flatnonzero(hits)[:10].tolist() + np.flatnonzero(~hits)[:10].tolist():
        followed = poisson_maxsprt(counts[draw], expected, limit, grouped=True)
        assert followed["is_signal"][-1] == hits[draw]
    assert (ratios >= poisson_boundary(limit)).any(axis=1).mean() <= hits.mean()


def test_size_of_groups_and_power_with_them(draws=100_000):
    looks = np.array([4.0, 9.0, 13.0, 20.0])
    boundary, error = poisson_group_boundary(looks)
    rng = np.random.default_rng(4)
    for risk in (1.0, 1.7):
        counts = rng.poisson(risk * np.diff(looks, prepend=0), (draws, looks.size)).cumsum(axis=1)
        hit = poisson_llr(counts, looks) >= boundary - 1e-11
        row = poisson_power([risk], looks=looks).row(0, named=True)
        assert hit.any(axis=1).mean() == pytest.approx(row["power"], abs=0.006)
        assert looks[hit.argmax(axis=1)][hit.any(axis=1)].mean() == pytest.approx(row["time_to_signal"], rel=0.02)
    assert 0.03 <= error <= 0.05


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0])
def test_size_of_the_binomial_form(ratio, limit=60, draws=40_000):
    boundary, error = binomial_boundary(limit, ratio)
    cases = (np.random.default_rng(5).random((draws, limit)) < 1 / (1 + ratio)).cumsum(axis=1)
    size = (binomial_llr(cases, np.arange(1, limit + 1), ratio) >= boundary - 1e-11).any(axis=1).mean()
    assert size == pytest.approx(error, abs=0.005)
    assert 0.03 <= error <= 0.05


def test_periods_without_expectation_bring_no_look():
    """Week 2 has no doses: its row holds the sums before, and the answer is that of the weeks without it."""
    counts, expected = [0, 0, 1, 2, 3], [0.5, 0, 0.4, 0.3, 0.6]
    for grouped in (False, True):
        shown = poisson_maxsprt(counts, expected, limit=5, grouped=grouped)
        without = poisson_maxsprt(counts[:1] + counts[2:], expected[:1] + expected[2:], limit=5, grouped=grouped)
        assert shown["not_computed"].null_count() == 5
        columns = ["estimate", "llr", "is_signal", "rule"]
        assert shown[[0, 2, 3, 4]].select(columns).equals(without.select(columns))
        assert shown["llr"][1] == shown["llr"][0]
    first = poisson_maxsprt([0, 1], [0, 1], limit=5)
    assert first["not_computed"].to_list() == ["nothing expected so far", None]
    impossible = poisson_maxsprt([1, 2, 1], [1, 0, 1], limit=5)
    assert impossible["not_computed"].to_list() == [None, "came where nothing is expected", None]
    assert impossible["cumulative_count"].to_list() == [1, 1, 2]


def test_a_design_without_a_boundary_is_told_in_every_row():
    shown = poisson_maxsprt([1, 2], [0.5, 0.5], limit=1, minimum=4)
    assert shown["not_computed"].to_list() == ["no boundary errs with 0.05 up to 1 expected events, at least 4"] * 2
    late = poisson_maxsprt([1, 2], [0.5, 0.5], limit=5, delay=3, grouped=True)
    assert late["not_computed"].unique().to_list() == ["no period ends between delay and limit"]
    with pytest.raises(ValueError, match="limit > delay"):
        poisson_maxsprt([1], [1], limit=1, delay=2)
    with pytest.raises(ValueError, match="either a limit"):
        poisson_power([2.0])
    with pytest.raises(ValueError, match="must be positive"):
        poisson_power([0.0], 5)
