"""What was learned of known families hides no harm of another kind: the floors of the combined score, exactly told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.combined import LEARNED, SUDDEN
from models.evaluation.features import FEATURES
from models.evaluation.methods import METHODS, UNFLOORED, Examples, fit
from models.evaluation.single import SINGLE
from models.evaluation.triage import Rows

SHORT, SERIOUS, SPREAD = (FEATURES.index(name) for name in ("llr_short", "share_serious", "spread"))


@pytest.fixture(scope="module")
def given():
    """Sudden pairs are true by their evidence; all that trained as true were spread over months."""
    random = np.random.default_rng(3)
    x = random.normal(size=(4000, len(FEATURES)))
    x[:, SHORT] = np.abs(x[:, SHORT]) * 2.5
    label = (x[:, SPREAD] + x[:, SERIOUS] + random.logistic(size=4000) > 2.5).astype(np.int64)
    n = random.integers(2, 30, 4000).astype(float)
    return Examples(Rows(x, label, np.ones(4000)), n, n / 2, np.ones(4000))


@pytest.fixture(scope="module")
def fitted(given):
    return fit(given)


def scored(fitted, given):
    single = np.zeros((given.n.size, len(SINGLE) + 1))
    scores = fitted.scores(single, given.n, given.expected, given.rows.x)
    return {name: scores[:, METHODS.index(name)] for name in METHODS}


def test_the_combined_score_never_falls_below_its_floors(fitted, given):
    of, x = scored(fitted, given), given.rows.x
    assert (of["combined"] >= np.maximum(of[UNFLOORED], of["logistic_counts"] - LEARNED) - 1e-12).all()
    beyond = x[:, SHORT] ** 2 >= SUDDEN
    assert beyond.sum() > 50
    assert (of["combined"][beyond] >= fitted.sudden.score(x)[beyond] - 1e-12).all()
    assert (of["combined"] > of[UNFLOORED] + 1e-6).any()


def test_a_sudden_pair_of_an_unknown_kind_is_raised_and_an_ordinary_one_is_not(fitted, given):
    x = np.zeros((2, len(FEATURES)))
    x[:, SPREAD], x[:, SERIOUS] = -4, 2  # nothing that trained as true came at once
    x[0, SHORT] = np.sqrt(SUDDEN)
    rows = Rows(x, np.zeros(2, dtype=int), np.ones(2))
    of = scored(fitted, replace(given, rows=rows, n=np.ones(2), expected=np.ones(2)))
    assert of["combined"][0] > of[UNFLOORED][0] + 0.5
    assert of["combined"][0] > of["combined"][1] + 0.5


def test_contributions_sum_to_the_score_whoever_holds_it(fitted, given):
    base, parts = fitted.combined.contributions(given.rows.x)
    assert np.abs(base + parts.sum(axis=1) - scored(fitted, given)["combined"]).max() < 1e-6
    plain = replace(fitted, is_floored=False)
    base, parts = plain.combined.contributions(given.rows.x)
    assert np.abs(base + parts.sum(axis=1) - scored(plain, given)[UNFLOORED]).max() < 1e-6


def test_too_few_sudden_pairs_give_no_such_floor(given):
    x = given.rows.x.copy()
    x[:, SHORT] = 0.0
    assert fit(replace(given, rows=replace(given.rows, x=x))).sudden is None
