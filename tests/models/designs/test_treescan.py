"""Scan statistics against TreeScan's own examples."""

from __future__ import annotations

import csv
import math

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


@pytest.mark.parametrize(
    ("of_node", "within", "of_window", "expected", "llr"),
    [
        (46, 21, 22, 10.43, 4.796446),
        (7, 4, 12, 0.87, 3.038383),
        (4, 2, 11, 0.45, 1.433396),
        (30, 9, 16, 4.95, 1.422299),
    ],
)
def test_tree_temporal_ratios_are_treescans(of_node, within, of_window, expected, llr):
    """Windows that TreeScan's own tests report, of 97 cases: cases of a node, those in a window, all in the window."""
    rest = 97 - of_node - (of_window - within)
    counts = np.array([[within, 0, 0, of_node - within], [of_window - within, 0, 0, rest]], dtype=float)
    tree = Tree.of([("mine", "top"), ("other", "top")])
    row = tree_temporal(tree, counts, replications=99).filter(node="mine").row(0, named=True)
    assert (row["start"], row["end"], row["cases"]) == (1, 2, within)
    assert row["expected"] == pytest.approx(expected, abs=0.005)
    assert row["llr"] == pytest.approx(llr, abs=1e-6)


def by_hand(counts, below, condition, longest):
    """Largest ratio of each node over windows of 2 days or more, a loop a window, logarithms of the definition."""
    days, total, found = counts.shape[1], counts.sum(), {}
    for node, leaves in below.items():
        mine = counts[leaves].sum(axis=0)
        found[node] = (0.0, None)
        for start in range(days):
            for end in range(start + 2, min(days, start + int(longest * days)) + 1):
                c = mine[start:end].sum()
                share = (end - start) / days if condition == "node" else counts[:, start:end].sum() / total
                e, whole = mine.sum() * share, mine.sum() if condition == "node" else total
                if c < 2 or c <= e:
                    continue
                ratio = c * math.log(c / e) + ((whole - c) * math.log((whole - c) / (whole - e)) if whole > c else 0.0)
                if ratio > found[node][0] + 1e-9:
                    found[node] = (ratio, (start + 1, end))
    return found


BELOW = {"SOC": [0, 1, 2, 3], "H1": [0, 1], "H2": [2, 3], "P1": [0], "P2": [1], "P3": [2], "P4": [3]}


@pytest.mark.parametrize("condition", ["node", "node_and_time"])
@pytest.mark.parametrize("seed", range(4))
def test_tree_temporal_is_the_search_by_hand(condition, seed):
    random = np.random.default_rng(seed)
    counts = random.poisson(0.8, (4, 12)).astype(float)
    counts[1, 4:7] += 3
    counts[3] *= seed % 2
    rows_ = tree_temporal(Tree.of(TREE), counts, condition, longest=0.4, replications=99)
    expected = by_hand(counts, BELOW, condition, 0.4)
    for row in rows_.iter_rows(named=True):
        ratio, window = expected[row["node"]]
        assert row["llr"] == pytest.approx(ratio, abs=1e-9)
        assert window in (None, (row["start"], row["end"])) or ratio == pytest.approx(row["llr"])
        assert (row["p_value"] is None) == (window is None) == (row["not_computed"] is not None)
        if window:
            mine = counts[BELOW[row["node"]], row["start"] - 1 : row["end"]].sum()
            assert row["cases"] == mine


def test_a_burst_of_all_nodes_is_none_of_one_node():
    """Days on which everything is reported more: even days call it a signal, days kept as they are do not."""
    random = np.random.default_rng(3)
    counts = random.poisson(4.0, (4, 20)).astype(float)
    counts[:, 8:11] += random.poisson(8.0, (4, 3))
    even, kept = (tree_temporal(Tree.of(TREE), counts, c, replications=199) for c in ("node", "node_and_time"))
    assert even["is_signal"].sum() >= 5
    assert kept["is_signal"].sum() == 0
    counts[0, 8:11] += 25
    kept = tree_temporal(Tree.of(TREE), counts, "node_and_time", replications=199)
    assert kept.row(0, named=True)["node"] == "P1" and kept["p_value"][0] == 1 / 200


def test_p_is_the_share_of_drawn_data_that_reach_as_far():
    """All data sets of three cases on two leaves, by hand: P(3 of 3 on one) = 2/8 conditional on the total."""
    pair = Tree.of([("a", "top"), ("b", "top")])
    row = poisson(pair, np.array([3.0, 0.0]), np.array([1.0, 1.0]), replications=39_999).row(0, named=True)
    assert row["llr"] == pytest.approx(3 * math.log(2))
    assert row["p_value"] == pytest.approx(0.25, abs=0.01)
    uneven = poisson(pair, np.array([3.0, 1.0]), np.array([1.0, 3.0]), replications=39_999).row(0, named=True)
    # c = 3 or 4 of 4 on `a` (each with chance 1/4): 4 * 3/256 + 1/256; all four on `b` has a smaller ratio.
    assert uneven["p_value"] == pytest.approx(13 / 256, abs=0.005)
    days = temporal([3.0, 0.0, 0.0, 0.0], shortest=2, replications=39_999)
    # Windows 1-2, 2-3 and 3-4: all three cases in one of them, 3/8 less those on one day of two windows: 2/64.
    assert days["p_value"][0] == pytest.approx(3 / 8 - 2 / 64, abs=0.01)
    two = np.array([[2.0, 0, 0, 0], [0, 0, 0, 2.0]])
    found = tree_temporal(pair, two, "node_and_time", replications=39_999)
    # Four cases, two on day 1 and two on day 4: both of `a` on one day, as found, in 2 of 6 pairings.
    assert found["p_value"][0] == pytest.approx(1 / 3, abs=0.01)


def flat(n):
    return Tree.of([(f"l{i:02}", f"h{i % 4}") for i in range(n)] + [(f"h{k}", "top") for k in range(4)])


def poisson_null(random, conditional):
    tree, share = flat(16), random.uniform(2, 12, 16)
    return poisson(tree, random.poisson(share).astype(float), share, conditional, replications=199)


def bernoulli_null(random, probability):
    tree, size = flat(12), random.integers(8, 30, 12)
    cases = random.binomial(size, 0.3).astype(float)
    return bernoulli(tree, cases, size - cases, probability, replications=199)


def temporal_null(random, mean):
    return temporal(random.poisson(mean, 24), replications=199)


def tree_temporal_null(random, condition):
    """With bursts that befall all leaves for the scan that keeps days, and even days for the one that does not."""
    by_day = random.uniform(0.5, 4, 14) if condition == "node_and_time" else np.full(14, 2.0)
    return tree_temporal(
        flat(8), random.poisson(random.uniform(0.5, 2, (8, 1)) * by_day).astype(float), condition, replications=199
    )


NULLS = [(poisson_null, True), (poisson_null, False), (bernoulli_null, None), (bernoulli_null, 0.3)]
NULLS += [
    (temporal_null, 3.0),
    (temporal_null, 0.8),
    (tree_temporal_null, "node"),
    (tree_temporal_null, "node_and_time"),
]


def false_alarms(null, shape, data_sets, seed):
    random = np.random.default_rng(seed)
    return np.mean([bool(null(random, shape)["is_signal"].any()) for _ in range(data_sets)])


@pytest.mark.parametrize(("null", "shape"), NULLS)
def test_false_alarms_are_as_many_as_said(null, shape):
    """600 null data sets, seeded."""
    assert 0.03 < false_alarms(null, shape, 600, 8) < 0.07


@pytest.mark.slow
@pytest.mark.parametrize(("null", "shape"), NULLS)
def test_false_alarms_are_five_in_a_hundred(null, shape):
    assert 0.03 < false_alarms(null, shape, 2_000, 9) < 0.07


def test_the_same_seed_draws_the_same():
    flat_ = flat(20)
    cases = np.random.default_rng(4).poisson(5, 20).astype(float)
    one, two = (poisson(flat_, cases, np.full(20, 5.0), conditional=False, replications=199, seed=3) for _ in range(2))
    assert one.equals(two)
