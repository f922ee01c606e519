"""Scan statistics against TreeScan's own examples."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from models.treescan.treescan import Tree, bernoulli, poisson, temporal


@pytest.fixture
def folder(shared):
    return shared / "references/treescan_examples"


def rows(path):
    return [[cell.strip() for cell in line] for line in csv.reader(path.read_text().splitlines()) if line]


@pytest.fixture
def tree(folder):
    return Tree.of((node, parent or None) for node, parent in rows(folder / "tree.tre"))


def same(ours, folder, name, key, ties=0.0):
    theirs = pl.read_csv(folder / f"expected_{name}.csv").drop_nulls("Log Likelihood Ratio")
    listed = ours.filter(pl.col("llr") > 0).head(theirs.height)
    for mine, line in zip(listed.iter_rows(named=True), theirs.iter_rows(named=True), strict=True):
        assert key(mine) == key(line)
        assert mine["llr"] == pytest.approx(line["Log Likelihood Ratio"], abs=1e-6)
        assert -0.015 < mine["p_value"] - line["P-value"] < 0.015 + ties
        assert mine["estimate"] == pytest.approx(line["Relative Risk"], abs=0.006)


def node(row):
    return row.get("node", row.get("Node Identifier"))


@pytest.mark.samples
def test_conditional_poisson(tree, folder):
    cases, people = (
        tree.on_leaves(*zip(*((r[0], float(r[k])) for r in rows(folder / "Poisson.cas")), strict=True)) for k in (1, 2)
    )
    same(poisson(tree, cases, people), folder, "poisson_conditional", node)


@pytest.mark.samples
@pytest.mark.parametrize(("name", "probability"), [("conditional", None), ("unconditional_half", 0.5)])
def test_bernoulli(tree, folder, name, probability):
    cases, controls = (
        tree.on_leaves(*zip(*((r[0], float(r[1])) for r in rows(folder / f)), strict=True))
        for f in ("Bernoulli.cas", "Bernoulli.ctl")
    )
    same(
        bernoulli(tree, cases, controls, probability), folder, f"bernoulli_{name}", node, ties=0.06
    )  # equal ratios count against


@pytest.mark.samples
def test_time_windows(folder):
    counts = np.zeros(28)
    for n, day in rows(folder / "TemporalOnly.cas"):
        counts[int(day) - 1] += int(n)
    ours = temporal(counts, shortest_share=0.2)
    theirs = pl.read_csv(folder / "expected_temporalonly.csv").to_dicts()
    found = {(r["start"], r["end"]): r for r in ours.iter_rows(named=True)}
    assert (ours["start"][0], ours["end"][0]) == (2, 7)
    for line in theirs:
        mine = found[line["Time Window Start"], line["Time Window End"]]
        assert mine["llr"] == pytest.approx(line["Log Likelihood Ratio"], abs=1e-6)
        assert mine["p_value"] == pytest.approx(line["P-value"], abs=0.015)


def test_a_leaf_under_two_parents_counts_once_at_their_common_ancestor():
    diamond = Tree.of([("leaf", "a"), ("leaf", "b"), ("other", "b"), ("a", "top"), ("b", "top"), ("top", None)])
    scanned = poisson(diamond, np.array([5.0, 1.0]), np.array([1.0, 5.0]), replications=99)
    assert dict(zip(scanned["node"], scanned["cases"], strict=True))["top"] == 6
    with pytest.raises(ValueError, match="circle"):
        Tree.of([("a", "b"), ("b", "a")])
    with pytest.raises(ValueError, match="no leaf"):
        diamond.on_leaves(["top"], [1])


def test_the_same_seed_draws_the_same_and_a_null_is_rarely_significant():
    flat = Tree.of([(f"l{i}", "top") for i in range(20)] + [("top", None)])
    random = np.random.default_rng(4)
    cases = random.poisson(5, 20).astype(float)
    one, two = (poisson(flat, cases, np.full(20, 5.0), conditional=False, replications=199, seed=3) for _ in range(2))
    assert one.equals(two)
    ps = [
        poisson(flat, random.poisson(5, 20).astype(float), np.full(20, 5.0), False, replications=99)["p_value"].min()
        for _ in range(60)
    ]
    assert np.mean(np.array(ps) <= 0.05) < 0.17
