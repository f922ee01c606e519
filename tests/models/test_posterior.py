"""Posterior quantiles over the whole range of priors, counts and expected counts, and rows that can't be scored."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats
from scipy.special import betaln

from models.mgps.fit import Prior
from models.mgps.posterior import quantile, score
from models.score import score_counts

A_PAIR = 500  # pairs of each drawn prior
TINY = np.finfo(float).tiny


def drawn(random: np.random.Generator) -> tuple[Prior, np.ndarray, np.ndarray]:
    """A prior with shapes and rates from 1e-6 to 1e6 and a weight up to 1e-13 from 0 or 1, with pairs to score."""
    shapes = np.exp(random.uniform(np.log(1e-6), np.log(1e6), 4))
    p = float(np.clip(1 / (1 + np.exp(-random.uniform(-32, 32))), 1e-13, 1 - 1e-13))
    some = np.floor(np.exp(random.uniform(0, np.log(1e7), A_PAIR)))
    n = np.where(random.random(A_PAIR) < 0.2, 0, some)
    return Prior(*shapes, p, "zero_inclusive"), n, np.exp(random.uniform(np.log(1e-9), np.log(1e7), A_PAIR))


def weight(prior: Prior, n: np.ndarray, e: np.ndarray) -> np.ndarray:
    """Posterior weight of the first component from negative binomials written with beta functions."""

    def log_pmf(alpha: float, beta: float) -> np.ndarray:
        some = np.maximum(n, 1)
        choose = np.where(n > 0, -betaln(alpha, some) - np.log(some), 0.0)
        return choose - alpha * np.log1p(e / beta) - n * np.log1p(beta / e)

    gap = log_pmf(prior.alpha2, prior.beta2) - log_pmf(prior.alpha1, prior.beta1) + np.log1p(-prior.p) - np.log(prior.p)
    return 1 / (1 + np.exp(np.minimum(gap, 700)))


def check(n_pairs: int, seed: int) -> None:
    """Each quantile is where the mixture's distribution function, by scipy.stats, has its probability."""
    random = np.random.default_rng(seed)
    for _ in range(n_pairs // A_PAIR):
        prior, n, e = drawn(random)
        scores = score(n, e, prior)
        q = weight(prior, n, e)
        np.testing.assert_allclose(scores.q, q, atol=1e-6)
        assert np.all(np.isfinite(scores.ebgm) & (scores.eb05 <= scores.eb95))
        for probability, found in ((0.05, scores.eb05), (0.95, scores.eb95)):
            parts = [
                stats.gamma.cdf(np.maximum(found, TINY) * (beta + e), alpha + n)
                for alpha, beta in ((prior.alpha1, prior.beta1), (prior.alpha2, prior.beta2))
            ]
            below = scores.q * parts[0] + (1 - scores.q) * parts[1]
            is_small = found == 0  # below the smallest normal float
            assert np.all(below[is_small] >= probability - 1e-9), prior
            np.testing.assert_allclose(below[~is_small], probability, atol=1e-9, err_msg=str(prior))


def test_quantiles_are_roots_for_any_prior_count_and_expectation():
    check(50_000, seed=1)


@pytest.mark.slow
def test_a_million_quantiles_are_roots():
    check(1_000_000, seed=2)


def test_newton_steps_that_took_turns_end():
    prior = Prior(
        *(2.4949297347179, 0.30743211773801915, 12.87538466927243, 16.67749839019117, 0.03330324865331818),
        likelihood="zero_inclusive",
    )
    n, e = 2.0, 0.5455078697819924
    found = float(quantile(n, e, prior, 0.95))
    q = weight(prior, np.array(n), np.array(e))
    below = q * stats.gamma.cdf(found, prior.alpha1 + n, scale=1 / (prior.beta1 + e)) + (1 - q) * stats.gamma.cdf(
        found, prior.alpha2 + n, scale=1 / (prior.beta2 + e)
    )
    assert float(below) == pytest.approx(0.95, abs=1e-13)


@pytest.mark.parametrize("probability", [1e-12, 1e-3, 0.5, 1 - 1e-12])
def test_any_probability(probability):
    random = np.random.default_rng(3)
    for _ in range(20):
        prior, n, e = drawn(random)
        found, q = quantile(n, e, prior, probability), weight(prior, n, e)
        at = np.maximum(found, TINY)
        below = q * stats.gamma.cdf(at * (prior.beta1 + e), prior.alpha1 + n) + (1 - q) * stats.gamma.cdf(
            at * (prior.beta2 + e), prior.alpha2 + n
        )
        assert np.all((found == 0) | (np.abs(below - probability) < 1e-6))
        assert np.all((found > 0) | (below >= probability - 1e-6))


def test_a_row_that_can_not_be_scored_stops_no_other():
    prior = Prior(0.2, 0.1, 2.0, 4.0, 0.3, "zero_inclusive")
    a, n_product, n_event, n_total = (
        [3, 5, np.nan, 4, -1, 2],
        [10, 4, 9, 10, 8, 10],
        [9] * 6,
        [100, 100, 100, 100, 9, 11],
    )
    table = score_counts(a, n_product, n_event, n_total, prior=prior)
    alone = score_counts(3, 10, 9, 100, prior=prior)
    assert table.head(1).equals(alone)
    broken = table[[1, 2, 4, 5]]
    assert set(broken["not_computed"]) == {"all: counts form no 2x2 table"}
    assert broken.drop("a", "b", "c", "d", "ebgm_likelihood", "not_computed").null_count().row(0) == (4,) * (
        table.width - 6
    )
    assert broken["b"].to_list() == [-1, None, 9, 8]
    assert table["ebgm"][3] == pytest.approx(float(score(4, 0.9, prior).ebgm))
    given = score_counts([3] * 4, 10, 9, 100, prior=prior, expected=[1.0, np.nan, -1.0, np.inf])
    assert given["not_computed"].to_list()[1:] == ["all: expected count is no number >= 0"] * 3
    assert given["ic"].null_count() == 3


def test_scores_beyond_floats_are_null_with_their_reason():
    prior = Prior(1e307, 1e-300, 1e307, 1e-300, 0.3, "zero_inclusive")
    table = score_counts([3, 4], 10, 9, 100_000, prior=prior)
    blank = table.filter(pl.col("ebgm").is_null())
    assert blank.height == 2
    assert blank["not_computed"].str.contains("the posterior leaves the range of floats").all()
    assert blank["ic"].null_count() == 0


def test_more_pairs_than_are_scored_at_once_have_the_scores_that_each_has_alone(monkeypatch):
    prior, random = Prior(0.2, 0.1, 2.0, 4.0, 0.3, "zero_inclusive"), np.random.default_rng(1)
    a = random.integers(-1, 9, 500)  # some form no table
    counts = a, a + random.integers(0, 9, 500), a + random.integers(0, 9, 500), 1000
    whole = score_counts(*counts, prior=prior)
    assert 0 < whole["not_computed"].str.starts_with("all: ").sum() < 500
    monkeypatch.setattr("models.score.PAIRS_AT_ONCE", 7)
    assert score_counts(*counts, prior=prior).equals(whole)
