"""Tree-temporal scans: ratios that TreeScan reports, and a search by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.treescan.treescan import Tree, tree_temporal

TREE = [("SOC", None), ("H1", "SOC"), ("H2", "SOC"), ("P1", "H1"), ("P2", "H1"), ("P3", "H2"), ("P4", "H2")]


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
