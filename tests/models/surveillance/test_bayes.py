"""The Bayes outbreak method against sums of its predictive distribution, written out by hand."""

from __future__ import annotations

import datetime as dt
from math import exp, lgamma, log

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma, poisson

from models.surveillance.bayes import CONTROLS, Control, bayes, reference


def bound(history, alpha=0.05):
    """Smallest x with P(X <= x) >= 1 - alpha, by the probabilities one after another."""
    s, m = sum(history) + 0.5, len(history)
    total, x = 0.0, -1
    while total < 1 - alpha:
        x += 1
        total += exp(lgamma(s + x) - lgamma(s) - lgamma(x + 1) + s * log(m / (m + 1)) - x * log(m + 1))
    return x


def test_by_hand():
    """Six weeks with 3, 2, 0, 4, 1, 2: size 12.5, success probability 6/7, mean 12.5 / 6."""
    counts = [3, 2, 0, 4, 1, 2, 6]
    last = bayes(counts).row(-1, named=True)
    assert last["estimate"] == pytest.approx(12.5 / 6)
    assert last["upper"] == bound(counts[:6]) == 5
    assert last["is_signal"]
    more = 1 - sum(
        exp(lgamma(12.5 + x) - lgamma(12.5) - lgamma(x + 1)) * (6 / 7) ** 12.5 * (1 / 7) ** x for x in range(6)
    )
    assert last["p_value"] == pytest.approx(more)
    assert bayes(counts)["not_computed"].to_list() == ["needs 6 periods of history"] * 6 + [None]
    assert bayes([0] * 7)["upper"][-1] == bound([0] * 6) == 1


def test_the_predictive_distribution_is_the_poisson_mixed_over_the_posterior():
    history, at = [3, 2, 0, 4, 1, 2], 5
    mixed, _ = quad(lambda rate: poisson.sf(at - 1, rate) * gamma.pdf(rate, sum(history) + 0.5, scale=1 / 6), 0, 50)
    assert bayes([*history, at])["p_value"][-1] == pytest.approx(mixed, abs=1e-8)


@given(st.lists(st.integers(0, 60), min_size=7, max_size=30), st.sampled_from([0.001, 0.05, 0.2]))
def test_every_bound_is_the_quantile(counts, alpha):
    shown = bayes(counts, Control(alpha=alpha))
    for at in range(6, len(counts)):
        assert shown["upper"][at] == bound(counts[at - 6 : at], alpha)
    scored = shown.drop_nulls("estimate")
    assert (scored["is_signal"] == (scored["p_value"] <= alpha)).all()


def test_references_of_the_three_forms():
    at = 200
    assert reference(at, CONTROLS["bayes"]).tolist() == list(range(194, 200))
    assert reference(at, CONTROLS["bayes2"]).tolist() == [*range(142, 155), *range(194, 200)]
    assert reference(at, CONTROLS["bayes3"]).tolist() == [*range(92, 101), *range(144, 153)]
    assert reference(57, CONTROLS["bayes2"]) is None
    assert reference(58, CONTROLS["bayes2"]) is not None
    days = [dt.date(2012, 1, 2) + dt.timedelta(weeks=i) for i in range(500)]
    dated = bayes(np.arange(500) % 7, name="bayes3", days=days)
    assert dated["not_computed"].drop_nulls().unique().to_list() == ["needs 2 years and 4 periods of history"]


@pytest.mark.parametrize("changes", [{"years": -1}, {"window": 0}, {"years": 1, "frequency": 12}, {"alpha": 0.0}])
def test_a_control_without_reference_is_refused(changes):
    with pytest.raises(ValueError, match=r"must|no reference|wider than a year"):
        Control(**changes)


@pytest.mark.samples
def test_the_peer_on_salmonella_agona(shared):
    """Bounds of R's `bayes` are quantiles of the same distribution: every week, by hand."""
    counts = pl.read_csv(shared / "references/surveillance_farrington/salmonella_agona.csv")["observed"].to_list()
    for name, control in CONTROLS.items():
        shown = bayes(counts, name=name)
        for at in range(200, 312, 7):
            assert shown["upper"][at] == bound([counts[i] for i in reference(at, control)])


@pytest.mark.parametrize("mean", [8.0, 30.0, 300.0])
@pytest.mark.parametrize("name", CONTROLS)
def test_size(name, mean):
    """Constant Poisson rates: 3 to 7 % of the periods are above the bound at 5 %."""
    counts = np.random.default_rng(14).poisson(mean, 8_000)
    shown = bayes(counts, name=name).drop_nulls("estimate")
    assert 0.03 <= shown["is_signal"].mean() <= 0.07


def test_size_where_cases_are_few():
    """Of few cases the quantile errs less, never more."""
    for mean in (0.05, 0.3, 1.0, 3.0):
        counts = np.random.default_rng(15).poisson(mean, 8_000)
        assert bayes(counts)["is_signal"].mean() <= 0.06
