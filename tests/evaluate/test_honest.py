"""The simulated country can't be learned by its planting: what margins, months and evidence alone give away."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from models.evaluation.features import BLOCKS, FEATURES, features
from models.evaluation.known import walk
from models.evaluation.triage import COUNT_ONLY, VIGIRANK
from pipelines.evaluate.worlds import FIRST, reference
from pipelines.simulator.years.families import load
from pipelines.simulator.years.history import MONTHS, years

pytestmark = pytest.mark.slow
TRAINED, JUDGED = range(201, 205), range(301, 305)


@cache
def rows(seeds):
    """Features, margins and label of every pair at risk, every sixth month."""
    found = []
    for seed in seeds:
        country = years(seed, load())
        for name, sums in walk(country.domains, range(FIRST, MONTHS, 6)):
            label = reference(country, name, list(load())).labels(sums)
            launched = country.domains[name].launched[sums.substance].clip(-60)
            place = np.arange(sums.n.size) / sums.n.size
            when = np.full(sums.n.size, sums.month)
            margins = [np.log(sums.n_substance), np.log(sums.n_event), when, sums.month - launched, place]
            kept = label >= 0
            found.append((features(sums)[kept], np.column_stack(margins)[kept], label[kept]))
    return tuple(np.concatenate(part) for part in zip(*found, strict=True))


def auc(columns, model=None, of=0):
    (train, judged) = rows(TRAINED), rows(JUDGED)
    scale = StandardScaler().fit(train[of][:, columns])
    model = model or LogisticRegression(C=0.1, max_iter=500)
    model.fit(scale.transform(train[of][:, columns]), train[2])
    return roc_auc_score(judged[2], model.predict_proba(scale.transform(judged[of][:, columns]))[:, 1])


def places(names):
    return [FEATURES.index(name) for name in names]


def test_margins_month_age_and_order_give_little_away():
    trees = HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, learning_rate=0.05, min_samples_leaf=200)
    assert auc(range(5), of=1) <= 0.60
    assert auc(range(5), trees, of=1) <= 0.60


def test_evidence_alone_says_something_and_not_all():
    assert 0.55 <= auc(places(BLOCKS["evidence"])) <= 0.70


def test_vigirank_gains_on_the_statistics_of_counts():
    gain = auc(places(VIGIRANK)) - auc(places(COUNT_ONLY))
    assert 0.02 <= gain <= 0.06


def test_most_truths_reach_three_reports_before_recognition():
    reached = []
    for seed in (301, 302):
        country = years(seed, load())
        for row in country.truth.filter("is_true").iter_rows(named=True):
            told = country.domains[row["domain"]]
            end = row["recognised"] if row["recognised"] >= 0 else MONTHS
            inside = (told.month >= row["onset"]) & (told.month < end)
            own = inside & (told.substance == row["substance"]) & (told.event == row["event"])
            reached.append(told.sums[own, 0].sum() >= 3)
    assert 0.6 <= np.mean(reached) <= 0.9


def test_half_of_a_shared_molecules_reactions_are_seen_in_the_other_kingdom():
    shared = []
    for seed in range(301, 305):
        country = years(seed, load())
        human, animal = country.domains["human"], country.domains["veterinary"]
        truth = country.truth.filter(kind="harm")
        of = {
            name: {
                (int(d.molecule[r["substance"]]), int(d.concept[r["event"]]))
                for r in truth.filter(
                    (pl.col("domain") == name) & pl.col("family").is_in(["late_onset", "species"])
                ).iter_rows(named=True)
            }
            for name, d in (("human", human), ("veterinary", animal))
        }
        both = {m for m in human.molecule if m in set(animal.molecule)}
        concepts = set(animal.concept.tolist()) & set(human.concept.tolist())
        listed = {
            name: {
                (int(d.molecule[s]), int(d.concept[e])) for s, e in zip(*np.nonzero(d.listed_from <= 0), strict=True)
            }
            for name, d in (("human", human), ("veterinary", animal))
        }
        there = {pair for pair in of["human"] | of["veterinary"] if pair[0] in both and pair[1] in concepts}
        shared += [all(pair in of[name] | listed[name] for name in of) for pair in there]
    assert len(shared) >= 20
    assert 0.4 <= np.mean(shared) <= 0.65
