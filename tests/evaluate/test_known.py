"""What was known: sums against a count of their own, nothing from later months, rows that depend on themselves alone."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from models.disproportionality.ic import ic
from models.evaluation.features import FEATURES, features
from models.evaluation.known import walk
from models.evaluation.triage import boost, train
from pipelines.evaluate.worlds import reference
from pipelines.simulator.years.families import load
from pipelines.simulator.years.history import years
from tests.evaluate.small import SMALL

CUT = 40


@cache
def country():
    return years(7, load(), sizes=SMALL)


def spoiled(domain):
    """The same reports to the cut; after it other reports, leaflets and recognitions, and another order of truth."""
    later = domain.month > CUT
    sums = domain.sums.copy()
    sums[later] = sums[later][::-1] * 7 + 1
    changed = {"sums": sums, "event": np.where(later, domain.event[::-1], domain.event)}
    for name in ("reports", "event_reports", "total", "use", "subgroup_reports"):
        values = getattr(domain, name).copy()
        at = (slice(CUT + 1, None),) if name == "total" else (slice(None), slice(CUT + 1, None))
        values[at] = values[at] * 3 + 5
        changed[name] = values
    for name in ("listed_from", "public_from"):
        values = getattr(domain, name)
        changed[name] = np.where(values > CUT, CUT + 1 + (values + 3) % 11, values)
    return dataclasses.replace(domain, **changed)


def test_nothing_later_is_known():
    domains = country().domains
    other = {name: spoiled(domain) for name, domain in domains.items()}
    months = [12, 25, CUT]
    before, after = list(walk(domains, months)), list(walk(other, months))
    assert len(before) == len(months) * len(domains)
    for (name, one), (_, two) in zip(before, after, strict=True):
        for field in dataclasses.fields(one):
            assert np.array_equal(getattr(one, field.name), getattr(two, field.name)), (name, one.month, field.name)
        assert features(one).tobytes() == features(two).tobytes()
    shapes = [[sums.n.size for _, sums in walk(d, [CUT + 6])] for d in (domains, other)]
    assert shapes[0] != shapes[1]


def test_what_becomes_true_later_trains_nothing_now():
    here = country()
    late = here.truth["onset"] > CUT
    inverted = here.truth.with_columns(is_true=here.truth["is_true"] ^ late)
    other = dataclasses.replace(here, truth=inverted)
    names = list(load())
    for name, sums in walk(here.domains, [20, 30, CUT]):
        one, two = (reference(c, name, names).labels(sums) for c in (here, other))
        assert ((one == 1) == (two == 1)).all()


def test_sums_are_what_a_count_of_the_cells_says():
    t = 33
    for name, sums in walk(country().domains, [t]):
        domain = country().domains[name]
        until = domain.month <= t
        for i in range(0, sums.n.size, max(1, sums.n.size // 25)):
            s, e = sums.substance[i], sums.event[i]
            own = until & (domain.substance == s) & (domain.event == e)
            n = domain.sums[own, 0]
            assert sums.n[i] == n.sum()
            assert sums.recent[0, i] == domain.sums[own & (domain.month > t - 12), 0].sum()
            assert sums.short[0, i] == domain.sums[own & (domain.month > t - 6), 0].sum()
            assert sums.n_months[i] == (n > 0).sum()
            assert sums.burst[0, i] == domain.sums[own & (domain.month > t - 3), 0].sum()
            assert sums.since_first[i] == t - domain.month[own].min()
            assert sums.n_substance[i] == domain.reports[s, : t + 1].sum()
            assert sums.n_event[i] == domain.event_reports[e, : t + 1].sum()
            assert sums.evidence[i].tolist() == domain.sums[own, 1:12].sum(axis=0).tolist()
            siblings = np.flatnonzero((domain.class_of == domain.class_of[s]) & (np.arange(domain.class_of.size) != s))
            assert sums.public_class[i] == pytest.approx(
                (domain.public_from[siblings, e] <= t).sum() / max(len(siblings), 1)
            )
            near = until & np.isin(domain.substance, siblings) & (domain.event == e)
            assert sums.near_class[0, i] == domain.sums[near, 0].sum()
            margin = domain.reports[siblings][:, : t + 1].sum()
            assert sums.near_class[1, i] == pytest.approx(margin * sums.n_event[i] / sums.n_total[i])
            terms = np.flatnonzero((domain.group == domain.group[e]) & (np.arange(domain.group.size) != e))
            assert sums.public_group[i] == pytest.approx((domain.public_from[s, terms] <= t).sum() / max(len(terms), 1))
            near = until & (domain.substance == s) & np.isin(domain.event, terms)
            assert sums.near_group[0, i] == domain.sums[near, 0].sum()
            telling = domain.listed_from[:, e] <= t
            others = until & ~telling[domain.substance] & (domain.event == e)
            assert sums.n_others[i] == domain.sums[others, 0].sum()
            assert sums.n_total_others[i] == domain.reports[~telling][:, : t + 1].sum()
        assert (sums.n >= 2).all()
        assert (domain.listed_from[sums.substance, sums.event] > t).all()
        assert (domain.public_from[sums.substance, sums.event] > t).all()


def test_a_row_of_features_depends_on_its_own_sums_alone():
    _, sums = next(iter(walk(country().domains, [33])))
    x = features(sums)
    assert x.shape == (sums.n.size, len(FEATURES))
    assert np.isfinite(x).all()
    assert x[:, FEATURES.index("ic025")] == pytest.approx(ic(sums.n, sums.expected).lower)
    whole = ("month", "evidence_usual", "regions_usual", "batch_usual", "cells_n", "cells_expected")
    kept = slice(5, None, 3)
    part = {
        f.name: getattr(sums, f.name)
        if f.name in whole
        else getattr(sums, f.name)[..., kept]
        if getattr(sums, f.name).shape[0] != sums.n.size
        else getattr(sums, f.name)[kept]
        for f in dataclasses.fields(sums)
    }
    assert features(dataclasses.replace(sums, **part)).tobytes() == np.ascontiguousarray(x[kept]).tobytes()


@cache
def rows():
    from models.evaluation.triage import Rows

    random = np.random.default_rng(5)
    x = random.normal(size=(2000, len(FEATURES)))
    label = (random.random(2000) < 1 / (1 + np.exp(3 - x[:, 2] - 0.7 * x[:, 5]))).astype(int)
    return Rows(x, label, np.where(label == 1, 1.0, 2.0))


@cache
def boosted():
    return boost(rows(), trees=20)


def test_contributions_sum_to_the_score():
    given = rows()
    for model in (train(given), boosted()):
        parts = model.contributions(given.x)
        assert np.abs(model.base + parts.sum(axis=1) - model.score(given.x)).max() < 1e-6
    with pytest.raises(ValueError, match="not in"):
        train(given, ("telepathy",))


def test_boosting_never_contradicts_medicine():
    given = rows()
    x = given.x[:200].copy()
    for name in ("ic025", "share_rechallenge", "listed_species"):
        more = x.copy()
        more[:, FEATURES.index(name)] += 1.0
        assert (boosted().score(more) >= boosted().score(x) - 1e-12).all()


def test_trees_see_what_few_rows_differ_in():
    from models.evaluation.triage import coarse

    few = np.zeros((5000, 1))
    few[:7] = 1 / 3
    few[7:10] = 1.0
    assert np.array_equal(coarse(few), few)
