"""A prior of a small population, shrunk to that of the whole: what the part does not tell is the whole's."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from models.mgps.fit import Prior, fit
from models.mgps.likelihood import Objective, Points, observed_points, to_unbounded
from models.mgps.posterior import score
from models.mgps.shrink import Penalised, as_columns, fitted_shrunk, shrink
from models.score import score_counts
from pipelines.defs.gold.disproportionality.shrunk import shrunk_then, with_shrunk

WHOLE = Prior(0.3, 0.2, 2.0, 2.4, 0.1, "zero_inclusive")
PART = Prior(0.6, 0.2, 1.5, 2.4, 0.15, "zero_inclusive")  # what the part's counts are drawn from


def drawn(size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng([size, seed])
    expected = np.exp(random.normal(-1.5, 1.5, size))
    first = random.random(size) < PART.p
    rate = np.where(
        first, random.gamma(PART.alpha1, 1 / PART.beta1, size), random.gamma(PART.alpha2, 1 / PART.beta2, size)
    )
    return random.poisson(rate * expected), expected


def test_it_converges_where_the_plain_fit_runs_to_its_bound_and_scores_nearer_to_the_truth():
    n_plain, errors, errors_of_whole = 0, [], []
    for seed in range(6):
        n, expected = drawn(200, seed)
        points = observed_points(n, expected)
        found = shrink(points, WHOLE)
        assert found.converged
        assert found.likelihood == "zero_inclusive_shrunk"
        n_plain += fit(points).converged
        truth = np.log(score(n, expected, PART).ebgm)
        errors.append(np.abs(np.log(score(n, expected, found).ebgm) - truth).mean())
        errors_of_whole.append(np.abs(np.log(score(n, expected, WHOLE).ebgm) - truth).mean())
    assert n_plain <= 4
    assert np.mean(errors) < 0.12
    assert np.mean(errors) < 0.8 * np.mean(errors_of_whole)


def test_with_many_pairs_it_is_the_plain_fit_and_without_any_word_the_whole():
    n, expected = drawn(600, 1)
    many = Points(n.astype(float), expected, np.full(n.size, 1e6))
    plain = fit(many)
    assert plain.converged
    assert shrink(many, WHOLE, plain).theta == pytest.approx(plain.theta, rel=2e-3)
    one = Points(np.array([1.0]), np.array([0.5]), np.array([1e-9]))
    assert shrink(one, WHOLE).theta == pytest.approx(WHOLE.theta, rel=1e-6)
    assert shrink(observed_points(n, expected), WHOLE, spread=1e-4).theta == pytest.approx(WHOLE.theta, rel=1e-2)


def test_a_prior_shrunk_to_itself_is_itself():
    n, expected = drawn(2_500, 2)
    points = observed_points(n, expected)
    plain = fit(points)
    assert plain.converged
    assert shrink(points, plain).theta == pytest.approx(plain.theta, rel=1e-6)


def test_the_gradient_is_that_of_the_value():
    n, expected = drawn(50, 3)
    penalised = Penalised(Objective(observed_points(n, expected)), to_unbounded(WHOLE.theta), 0.5)
    x = to_unbounded((0.5, 0.3, 1.0, 2.0, 0.2))
    step = 1e-6 * np.eye(5)
    numeric = [(penalised(x + s)[0] - penalised(x - s)[0]) / 2e-6 for s in step]
    np.testing.assert_allclose(penalised(x)[1], numeric, rtol=1e-6, atol=1e-9)


def test_what_can_not_be_shrunk_to_is_refused():
    points = observed_points([1], [0.5])
    with pytest.raises(ValueError, match="did not converge"):
        shrink(points, Prior(*WHOLE.theta, likelihood="zero_inclusive", converged=False))
    with pytest.raises(ValueError, match="spread"):
        shrink(points, WHOLE, spread=0.0)


def test_scores_of_a_species_are_those_of_its_shrunk_prior_and_say_why_there_are_none():
    plain = Prior(*WHOLE.theta, likelihood="zero_inclusive", converged=False)
    row = {"likelihood": "zero_inclusive", "month": dt.date(2024, 1, 31), **as_columns(PART)}
    scores = score_counts([5, 3], [20, 10], [30, 9], 1000, prior=plain)
    assert scores["ebgm"].null_count() == 2
    found = with_shrunk(scores, row, is_part=True)
    expected = score([5, 3], [0.6, 0.09], PART)
    np.testing.assert_allclose(found["eb05_shrunk"], expected.eb05, rtol=1e-9)
    assert found["is_ebgm_shrunk_signal"].to_list() == (expected.eb05 >= 2).tolist()
    assert found["not_computed"].str.contains("ebgm: the prior did not converge").all()
    without = with_shrunk(scores, None, is_part=True)
    assert without["ebgm_shrunk"].null_count() == 2
    assert without["not_computed"].str.ends_with("ebgm_shrunk: no prior of the whole").all()
    whole = with_shrunk(score_counts([5, 3], [20, 10], [30, 9], 1000, prior=WHOLE), None, is_part=False)
    assert whole["eb05_shrunk"].equals(whole["eb05"], check_names=False)


def test_nothing_of_a_later_month_is_shrunk_to():
    rows = [{"month": dt.date(2024, m, 1), "likelihood": "x", **as_columns(PART)} for m in (1, 3)]
    assert shrunk_then(rows, dt.date(2024, 2, 29)) is rows[0]
    assert shrunk_then(rows, dt.date(2023, 12, 31)) is None
    assert fitted_shrunk({**rows[0], "is_shrunk_converged": None}) is None
    assert shrunk_then([rows[0], {**rows[1], "is_shrunk_converged": False}], dt.date(2024, 4, 1)) is rows[0]
    assert pl.DataFrame([as_columns(None)]).null_count().row(0) == (1,) * 6
