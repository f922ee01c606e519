"""Replication by labels of its own: later excess is counted apart, years never overlap, scores know nothing of them."""

from __future__ import annotations

import dataclasses
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from models.evaluation.known import walk
from models.evaluation.methods import METHODS
from models.evaluation.replicate import FEWEST_MONTHS, HORIZON, halves, later, replicate, snapshots
from pipelines.simulator.years.families import load
from pipelines.simulator.years.history import years
from tests.evaluate.caers import caers
from tests.evaluate.small import SMALL


@cache
def human():
    return years(7, load(), sizes=SMALL).domains["human"]


def arrived(reported):
    """What was received, where no version is ever corrected."""
    names = ("month", "substance", "event", "reports", "event_reports", "total")
    return SimpleNamespace(n=reported.sums[:, 0], **{name: getattr(reported, name) for name in names})


def replicated(reported, half, train, test, received=None):
    received = received or arrived(reported)
    return replicate({"d": reported}, {"d": received}, {"d": half}, train, test, bootstrap=20)


def test_later_reports_are_those_of_the_year_after():
    reported = human()
    _, sums = next(iter(walk({"": reported}, [30])))
    n, expected = later(arrived(reported), sums)
    after = (reported.month > 30) & (reported.month <= 42)
    for i in range(0, sums.n.size, 40):
        s, e = sums.substance[i], sums.event[i]
        assert n[i] == reported.sums[after & (reported.substance == s) & (reported.event == e), 0].sum()
        margins = reported.reports[s, 31:43].sum() * reported.event_reports[e, 31:43].sum()
        assert expected[i] == pytest.approx(margins / reported.total[31:43].sum())


def test_halves_don_t_depend_on_order_or_case():
    names = [f"substance {i}" for i in range(200)]
    assert (halves(names)[::-1] == halves([n.upper() for n in names[::-1]])).all()
    assert 60 < halves(names).sum() < 140


@pytest.mark.parametrize("months", [FEWEST_MONTHS, 31, 36, 48, 60, 132, 240])
def test_years_that_train_end_before_those_that_are_judged_and_all_are_whole(months):
    train, test = snapshots(months)
    assert train
    assert test[-1] + HORIZON == months - 1
    assert max(train) + HORIZON <= min(test)


def test_too_few_months_are_refused():
    with pytest.raises(ValueError, match="needs 30 months"):
        snapshots(FEWEST_MONTHS - 1)


def test_years_that_overlap_are_refused():
    half = np.arange(40) % 2 == 0
    with pytest.raises(ValueError, match="must end before"):
        replicated(human(), half, [20], [30])
    with pytest.raises(ValueError, match="no whole year"):
        replicated(human(), half, [20], [50])


@pytest.mark.slow
def test_scores_know_nothing_of_the_year_that_they_foretell():
    reported, half = human(), np.arange(40) % 2 == 0
    after = reported.month > 40
    sums = reported.sums.copy()
    sums[after] = sums[after][::-1] * 3
    other = dataclasses.replace(reported, sums=sums)
    one, two = (replicated(r, half, [18, 24], [40]) for r in (reported, other))
    assert one.scores.tobytes() == two.scores.tobytes()
    assert (one.judged.is_excess != two.judged.is_excess).any()


@pytest.mark.slow
@pytest.mark.samples
def test_real_reports_of_supplements_are_foretold_better_than_by_ic025(shared):
    brands, reported = caers(shared / "data/caers/CAERS_ASCII_2004_2014_part.csv.gz")
    train, test = snapshots(reported.total.size)
    found = replicated(reported, halves(brands), train, test)
    base = found.league.filter(domain="all", stratum="all", burden_k=20.0)
    of = {row["method"]: row for row in base.iter_rows(named=True)}
    assert set(of) == set(METHODS)
    assert of["triage"]["auc_minus_ic025"] >= 0.03
    assert of["triage"]["auc_minus_ic025_low"] > 0
    assert of["triage"]["ap"] >= 1.4 * of["ic025"]["ap"]
    assert of["triage"]["ppv"] >= 0.60
    assert of["triage"]["auc"] > of["count"]["auc"]
    told = {row["estimate"]: row for row in found.log_scores.iter_rows(named=True)}
    assert told["borrowed"]["minus_ic_low"] > 0
    assert told["ic"]["log_score"] > told["none"]["log_score"]
