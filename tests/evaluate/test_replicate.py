"""Replication without labels: later excess is counted apart, years never overlap, and real reports are foretold."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from models.evaluation.known import walk
from models.evaluation.replicate import METHODS, halves, later, replicate
from pipelines.simulator.years.families import load
from pipelines.simulator.years.history import years
from tests.evaluate.caers import caers
from tests.evaluate.small import SMALL


@cache
def human():
    return years(7, load(), sizes=SMALL).domains["human"]


def test_later_reports_are_those_of_the_year_after():
    reported = human()
    _, sums = next(iter(walk({"": reported}, [30])))
    n, expected = later(reported, sums)
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


def test_years_that_overlap_are_refused():
    half = np.arange(40) % 2 == 0
    with pytest.raises(ValueError, match="must end before"):
        replicate(human(), half, [20], [30])
    with pytest.raises(ValueError, match="no whole year"):
        replicate(human(), half, [20], [50])


@pytest.mark.slow
def test_scores_know_nothing_of_the_year_that_they_foretell():
    reported, half = human(), np.arange(40) % 2 == 0
    after = reported.month > 40
    sums = reported.sums.copy()
    sums[after] = 0
    silent = dataclasses.replace(reported, sums=sums)
    table, _ = replicate(silent, half, [18, 24], [40], bootstrap=20)
    assert table["n_excess"].to_list() == [0] * len(METHODS)
    assert table["n"].to_list() == replicate(reported, half, [18, 24], [40], bootstrap=20)[0]["n"].to_list()


@pytest.mark.slow
@pytest.mark.samples
def test_real_reports_of_supplements_are_foretold_better_than_by_ic025(shared):
    brands, reported = caers(shared / "data/caers/CAERS_ASCII_2004_2014_part.csv.gz")
    table, scores = replicate(reported, halves(brands), range(23, 72, 6), range(83, 120, 6))
    of = {row["method"]: row for row in table.iter_rows(named=True)}
    assert of["triage"]["auc_minus_ic025"] >= 0.03
    assert of["triage"]["auc_minus_ic025_low"] > 0
    assert of["triage"]["ap"] >= 1.4 * of["ic025"]["ap"]
    assert of["triage"]["ppv"] >= 0.60
    assert of["triage"]["auc"] > of["count"]["auc"]
    told = dict(scores.iter_rows())
    assert told["borrowed"] > told["ic"] > told["none"]
