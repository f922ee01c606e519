"""Scan statistics against TreeScan's own examples."""

from __future__ import annotations

import csv

import numpy as np
import polars as pl
import pytest

from models.treescan.treescan import NodeError, Tree, bernoulli, poisson, temporal, tree_temporal


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


def test_circles_and_nodes_without_a_name_are_refused():
    """Above real leaves too; the nodes of the circle are told, each under the next."""
    with pytest.raises(NodeError, match="HLT1 under SOC1 under HLT1") as found:
        Tree.of([("SOC1", "HLT1"), ("HLT1", "SOC1"), ("PT1", "HLT1"), ("PT2", "HLT1")])
    assert found.value.nodes == ("HLT1", "SOC1")
    with pytest.raises(NodeError, match="A under A"):
        Tree.of([("leaf", "A"), ("A", "A")])
    for nobody in ("", None):
        with pytest.raises(ValueError, match="edge 2 has no node"):
            Tree.of([("a", "b"), (nobody, "b")])


TREE = [("SOC", None), ("H1", "SOC"), ("H2", "SOC"), ("P1", "H1"), ("P2", "H1"), ("P3", "H2"), ("P4", "H2")]


@pytest.mark.parametrize(
    ("cases", "expected", "said"),
    [
        ([12, -3, 2, 1], [4, 4, 4, 4], "-3 cases of 'P2': not a count"),
        ([12, 2.5, 2, 1], [4, 4, 4, 4], "2.5 cases of 'P2': not a count"),
        ([12, np.nan, 2, 1], [4, 4, 4, 4], "cases of 'P2': not a count"),
        ([12, 3, 2, 3], [4, 4, 4, 0], "3 cases of 'P4', where nothing is expected"),
        ([12, 3, 2, 3], [4, 4, -4, 4], "-4 expected of 'P3'"),
        ([12, 3, 2, 3], [4, np.inf, 4, 4], "inf expected of 'P2'"),
        ([0, 0, 0, 0], [4, 4, 4, 4], "no leaf has a case"),
        ([0, 0, 0, 0], [0, 0, 0, 0], "no leaf has a case"),
        ([1, 0, 0, 0], [0, 0, 0, 0], "1 cases of 'P1', where nothing is expected"),
    ],
)
@pytest.mark.parametrize("conditional", [True, False])
def test_impossible_counts_name_their_leaf(cases, expected, said, conditional):
    with pytest.raises(ValueError, match=said):
        poisson(Tree.of(TREE), np.array(cases, float), np.array(expected, float), conditional, replications=99)


def test_impossible_counts_of_the_other_scans_are_refused():
    tree = Tree.of(TREE)
    ones, none = np.ones(4), np.zeros(4)
    for call, said in (
        (lambda: bernoulli(tree, ones, np.array([1, 1, -1, 1.0])), "-1 controls of 'P3'"),
        (lambda: bernoulli(tree, none, ones), "no leaf has a case"),
        (lambda: bernoulli(tree, ones, none), "no leaf has a control"),
        (lambda: bernoulli(tree, ones, ones, 1.0), "between 0 and 1"),
        (lambda: temporal([1, 2, -1, 0]), "-1 cases of 'day 3'"),
        (lambda: temporal([0] * 9), "no day has a case"),
        (lambda: temporal([1, 2, 3]), "no window"),
        (lambda: tree_temporal(tree, np.array([[1, 0.5, 0, 0]] * 4)), "0.5 cases of 'P1'"),
        (lambda: tree_temporal(tree, np.zeros((4, 9))), "no leaf has a case"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_cases_of_an_inner_node_count_there_and_above():
    """As TreeScan does: the scan is that of a tree in which the inner node has one more leaf, which is no cut."""
    own = Tree.of(TREE, holding=["H1"])
    leafed = Tree.of([*TREE, ("H1-own", "H1")])
    names, cases, expected = ("H1", "P1", "P2", "P3", "P4"), [6, 7, 2, 4, 3], [3, 3, 4, 6, 6]
    one = poisson(own, own.on_leaves(names, cases), own.on_leaves(names, expected), replications=199)
    names = ("H1-own", *names[1:])
    two = poisson(leafed, leafed.on_leaves(names, cases), leafed.on_leaves(names, expected), replications=199)
    columns = ["node", "cases", "expected", "llr", "estimate"]
    assert one.select(columns).sort("node").equals(two.filter(pl.col("node") != "H1-own").select(columns).sort("node"))
    assert one.filter(node="H1")["cases"][0] == 15
    with pytest.raises(NodeError, match="'H1' is no leaf: it is an inner node"):
        leafed.on_leaves(["H1"], [1])
    with pytest.raises(NodeError, match="'X' is no node"):
        Tree.of(TREE, holding=["X"])


def test_the_same_seed_draws_the_same():
    flat = Tree.of([(f"l{i}", "top") for i in range(20)])
    cases = np.random.default_rng(4).poisson(5, 20).astype(float)
    one, two = (poisson(flat, cases, np.full(20, 5.0), conditional=False, replications=199, seed=3) for _ in range(2))
    assert one.equals(two)
