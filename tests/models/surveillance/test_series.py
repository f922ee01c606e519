"""EARS and cumulative sums against R's surveillance on the weekly Salmonella Agona counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from models.surveillance.cusum import cusum, poisson_glr, poisson_shift
from models.surveillance.ears import ears
from models.surveillance.farrington import CONTROLS, farrington, reference

COUNTS = st.lists(st.integers(0, 40), min_size=15, max_size=60)


@pytest.fixture
def folder(shared):
    return shared / "references/surveillance_farrington"


@pytest.fixture
def counts(folder):
    return pl.read_csv(folder / "salmonella_agona.csv")["observed"].to_numpy().astype(float)


@pytest.mark.samples
@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears(folder, counts, method):
    expected = pl.read_csv(folder / f"expected_salmonella_agona_ears_{method}.csv")
    ours = ears(counts, method, alpha=0.05)[(expected["idx"] - 1).to_list()]
    np.testing.assert_allclose(ours["upper"], expected["upperbound"], atol=1e-9)
    assert (ours["is_signal"].cast(int) == expected["alarm"]).all()


FLEXIBLE = replace(CONTROLS["farrington_flexible"], alpha=0.1, errors="working")
FARRINGTON = {
    "farrington_classic": CONTROLS["farrington"],
    "control1": replace(FLEXIBLE, season_levels=1, residual_limit=1.0, trend_level=0.05),
    "control2": FLEXIBLE,
}


@pytest.mark.samples
@pytest.mark.parametrize("name", FARRINGTON)
def test_farrington(folder, counts, name):
    expected = pl.read_csv(folder / f"expected_salmonella_agona_{name}.csv")
    ours = farrington(counts, FARRINGTON[name])[(expected["idx"] - 1).to_list()]
    assert (ours["is_signal"].cast(int) == expected["alarm"]).all()
    columns = {"upperbound": "upper", "expected": "estimate", "phiVector": "dispersion", "score": "score"}
    for theirs, mine in columns.items():
        if theirs in expected.columns:
            np.testing.assert_allclose(ours[mine], expected[theirs], rtol=5e-5, atol=1e-5)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("threshold", "alarms"),
    [("nb", [283, 284, 285, 288, 294]), ("muan", [284, 285]), ("delta", [283, 284, 285, 288, 294])],
)
def test_farrington_with_the_published_standard_errors(counts, threshold, alarms):
    """As the reference says for its quantiles; with delta it also has 295, from smaller standard errors."""
    ours = farrington(counts, replace(FLEXIBLE, threshold=threshold, errors="pearson"))
    assert (ours.filter((pl.col("period") >= 281) & pl.col("is_signal"))["period"] + 1).to_list() == alarms


def test_farrington_on_short_and_silent_series():
    short = farrington([3] * 100)
    assert short["not_computed"].unique().to_list() == ["needs 4 years of history"]
    silent = farrington([0] * 260)
    assert silent["not_computed"][-1] == "no case in the reference periods"
    wild = farrington([1, -1])
    assert wild["not_computed"].to_list() == ["needs 4 years of history", "count is negative"]


@given(st.integers(211, 400))
def test_farrington_never_looks_at_the_present(at):
    control = CONTROLS["farrington_flexible"]
    times, season = reference(at, control)
    assert times.max() < at - 26
    assert set(season) == set(range(10))
    assert (season == 0).sum() == 4 * 7


@pytest.mark.samples
def test_standardised_cusum(folder, counts):
    expected = pl.read_csv(folder / "expected_salmonella_agona_cusum_standard.csv")
    ours = cusum(counts, start=208)[: expected.height]
    assert (ours["upper"] == expected["upperbound"]).all()
    assert (ours["is_signal"].cast(int) == expected["alarm"]).all()
    assert ours["mean"][0] == pytest.approx(expected["m"][0])


@pytest.mark.samples
def test_poisson_likelihood_ratio_against_a_seasonal_expectation(folder, counts):
    """The reference doubles the rate of a Poisson regression with trend and one harmonic, fitted before monitoring."""
    expected = pl.read_csv(folder / "expected_salmonella_agona_glrpois_theta_log2.csv")
    weeks = np.arange(1, counts.size + 1)
    angle = 2 * np.pi * weeks / 52
    design = np.array([np.ones(weeks.size), weeks / 100, np.sin(angle), np.cos(angle)]).T
    beta = np.array([np.log(counts[:208].mean()), 0, 0, 0])
    for _ in range(30):
        mean = np.exp(design[:208] @ beta)
        step = design[:208].T @ (counts[:208] - mean)
        beta = beta + np.linalg.solve(design[:208].T @ (design[:208] * mean[:, None]), step)
    ours = poisson_shift(counts[208:], np.exp(design[208:] @ beta), np.log(2))[: expected.height]
    np.testing.assert_allclose(ours["estimate"], expected["upperbound"], atol=1e-7)
    assert (ours["is_signal"].cast(int) == expected["alarm"]).all()


@given(COUNTS)
def test_bounds_are_what_would_have_signalled(series):
    shown = cusum(np.array(series) + 1, start=10)
    signalled = shown["count"] >= shown["upper"]
    assert (signalled == shown["is_signal"]).all()
    for method in ("C1", "C2"):
        scored = ears(series, method).drop_nulls("upper")
        assert (scored["is_signal"] == (scored["count"] > scored["upper"])).all()
    known = poisson_shift(series, np.full(len(series), 20.0), 0.5, h=1e9)["estimate"].to_numpy()
    unknown = poisson_glr(series, np.full(len(series), 20.0), h=1e9)["estimate"].to_numpy()
    assert (unknown >= known - 1e-9).all()


def test_no_history_and_no_mean_are_told():
    assert ears([1.0] * 5)["not_computed"].to_list() == ["too little history"] * 5
    silent = cusum([0, 0, 0], start=2)
    assert silent["not_computed"].to_list() == ["the mean count is 0: nothing to standardise by"]
    with pytest.raises(ValueError, match="counts before the start"):
        cusum([1, 2])


def test_ears_c3_waits_for_both_of_the_scores_before():
    """Baseline of 7, a gap of 2, and the scores of the two periods before: the twelfth period is the first."""
    shown = ears(np.arange(14) % 5, "C3")
    assert shown["not_computed"].to_list() == ["too little history"] * 11 + [None] * 3
    flat = ears([2.0] * 12 + [9.0] * 4, "C3")
    assert "the baseline does not vary" in flat["not_computed"].to_list()


def markov_chain(boundary=2.26, reference=1.04, states=400):
    """In-control run length of a CUSUM of standard normal steps, after Brook and Evans 1972."""
    width = boundary / (states - 0.5)
    middles = np.arange(states) * width
    upper = norm.cdf(middles[None, :] + width / 2 - middles[:, None] + reference)
    move = np.column_stack([upper[:, 0], np.diff(upper, axis=1)])
    return np.linalg.solve(np.eye(states) - move, np.ones(states))[0]


def test_run_length_of_the_cusum():
    """Its k and h promise about 500 periods to a false signal: 531 of normal counts, geometrically spread."""
    assert markov_chain() == pytest.approx(531, abs=1)
    counts = np.random.default_rng(6).poisson(10_000, (400, 500))
    share = np.mean([cusum(series, mean=10_000)["is_signal"].any() for series in counts])
    assert share == pytest.approx(1 - np.exp(-500 / markov_chain()), abs=0.06)
