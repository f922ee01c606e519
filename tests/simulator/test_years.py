"""A country over years: margins that hold, truth that is in the reports, families that can be left out or replaced."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.years.families import Family, load
from pipelines.simulator.years.history import years
from pipelines.simulator.years.reported import COLUMNS
from tests.evaluate.small import SMALL


@cache
def small(seed=1, null=False):
    return years(seed, load(), null=null, sizes=SMALL)


def dense(domain):
    n = np.zeros((domain.total.size, *domain.listed_from.shape), dtype=int)
    n[domain.month, domain.substance, domain.event] = domain.sums[:, 0]
    return n


def test_the_same_seed_gives_the_same_arrays():
    one, two = small(), years(1, load(), sizes=SMALL)
    assert one.truth.equals(two.truth)
    for name, domain in one.domains.items():
        assert all(np.array_equal(getattr(domain, f), getattr(two.domains[name], f)) for f in ("month", "sums", "use"))
    assert not np.array_equal(one.domains["human"].total, years(2, load(), sizes=SMALL).domains["human"].total)


def test_counts_and_margins_agree():
    for domain in small().domains.values():
        n = dense(domain)
        assert (domain.event_reports == n.sum(axis=1).T).all()
        assert (n <= domain.reports.T[:, :, None]).all()
        assert (domain.reports.sum(axis=0) == domain.total).all()
        assert (domain.subgroup_reports.sum(axis=2) == domain.reports).all()
        assert (domain.event_reports <= domain.total).all()
        assert (domain.sums[:, 1 : 1 + 11] <= domain.sums[:, :1]).all()
        for kind in ("subgroup", "region"):
            columns = [i for i, name in enumerate(COLUMNS) if name.startswith(kind)]
            assert (domain.sums[:, columns].sum(axis=1) == domain.sums[:, 0]).all()
        assert (np.diff(domain.month) >= 0).all()
        launched = domain.launched[domain.substance]
        assert (domain.month >= launched).all()


def test_recognition_comes_in_its_time_and_only_to_harms():
    truth = small().truth
    recognised = truth.filter(pl.col("recognised") >= 0)
    assert recognised.height > 5
    assert recognised["is_true"].all()
    assert (recognised["recognised"] >= recognised["onset"] + 6).all()
    assert (recognised["listed_from"] > recognised["recognised"]).all()
    assert (truth.filter(kind="artefact")["assessed"] >= 0).any()
    assert truth.select("domain", "substance", "event").is_duplicated().sum() == 0


def test_without_signals_there_is_no_harm():
    truth = small(null=True).truth
    assert truth.height > 0
    assert (truth["kind"] == "artefact").all()


def test_a_family_left_out_changes_no_other_first_pair():
    families = load()
    fewer = years(1, {n: f for n, f in families.items() if n != "withdrawal"}, sizes=SMALL).truth
    whole = small().truth
    assert "withdrawal" in whole["family"].to_list()
    assert "withdrawal" not in fewer["family"].to_list()
    first = {"family": "launch", "parent": -1, "domain": "human"}
    keys = ["substance", "event", "onset", "strength"]
    assert whole.filter(**first).select(keys).head(1).equals(fewer.filter(**first).select(keys).head(1))


@pytest.mark.parametrize("domain", ["human", "veterinary", "cosmetic"])
def test_a_strong_family_of_ones_own_shows_in_the_reports(domain):
    alone = {"chance": 0.0}
    own = Family(
        **{"kind": "harm", "domains": (domain,), "per_100_substances": 20, "class": alone, "neighbour": alone},
        species=alone,
        strength={"distribution": "fixed", "low": 8.0},
        evidence={"serious": 0.9},
    )
    country = years(3, {"own": own}, sizes=SMALL)
    told = country.domains[domain]
    n, usual = 0, 0.0
    for row in country.truth.filter(pl.col("onset") <= 30).iter_rows(named=True):
        s, e = row["substance"], row["event"]
        end = row["recognised"] if row["recognised"] >= 0 else told.total.size
        when = slice(max(row["onset"], 0) + 5, end)
        n += dense(told)[when, s, e].sum()
        others = told.event_reports[e, when].sum() - dense(told)[when, s, e].sum()
        rest = told.total[when].sum() - told.reports[s, when].sum()
        usual += told.reports[s, when].sum() * others / max(rest, 1)
    assert n > 2.5 * usual


def test_extreme_families_are_reported_all_the_same():
    harsh = {"kind": "harm", "per_100_substances": 100, "use": "switch", "onset": "surge", "masking": 0.99}
    every = {"chance": 1.0, "low": 1.0, "high": 1.0}
    own = {
        "harsh": Family(**harsh, strength=100, reports=1000, lasting_months=240, neighbour=every, **{"class": every}),
        "weak": Family(kind="harm", per_100_substances=20, strength={"low": 0.2, "high": 1.4}),
    }
    country = years(5, own, sizes=SMALL)
    assert not country.truth.filter(family="weak")["is_true"].any()
    assert all(np.isfinite(domain.use).all() and (domain.sums >= 0).all() for domain in country.domains.values())


def test_a_cluster_has_as_many_reports_as_it_says():
    own = Family(
        **{"kind": "harm", "domains": ("cosmetic",), "per_100_substances": 60, "class": {"chance": 0.0}},
        neighbour={"chance": 0.0},
        strength={"distribution": "fixed", "low": 1.5},
        lasting_months=3,
        reports={"distribution": "fixed", "low": 4},
    )
    country = years(4, {"own": own}, sizes=SMALL)
    told = dense(country.domains["cosmetic"])
    inside = country.truth.filter((pl.col("onset") >= 0) & (pl.col("onset") < 55))
    usual = dense(years(4, {"own": own.model_copy(update={"reports": None})}, sizes=SMALL).domains["cosmetic"])
    at = [(slice(r["onset"], r["onset"] + 3), r["substance"], r["event"]) for r in inside.iter_rows(named=True)]
    assert len(at) >= 5
    assert 3 <= np.mean([told[i].sum() - usual[i].sum() for i in at]) <= 5
