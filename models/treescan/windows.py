"""Scans of time windows, alone and with a tree: which days, of which branch, hold more than chance would put there?

The tree-temporal scan is that of TreeScan, conditional on each node's cases: days are even under its null (``node``),
or the days' totals are kept too and days are permuted among cases (``node_and_time``), so that what befalls all nodes
on some days, such as a delay of reports or a season, is no signal. For the latter the Poisson ratio of the whole data
is taken, as in TreeScan.

Source: Kulldorff et al. 2013, Pharmacoepidemiol Drug Saf 22:517-523; Yih et al. 2018, Am J Epidemiol 187:1269-1276;
variants as in the TreeScan User Guide, tree-temporal scan statistics.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.special import rel_entr

from models.treescan.rank import ranked, relative_risk
from models.treescan.tree import Tree, counted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Condition = Literal["node_and_time", "node"]


def windows(days: int, shortest: int = 2, longest: float = 0.5, shortest_share: float = 0.0) -> tuple[Ints, Ints]:
    """First day (from 0) and day after the last of every window that may be looked at.

    Raises:
        ValueError: there is none.
    """
    low, high = (v.ravel() for v in np.meshgrid(np.arange(days), np.arange(1, days + 1), indexing="ij"))
    kept = (high - low >= shortest) & (high - low <= longest * days) & (high - low >= shortest_share * high)
    if not kept.any():
        raise ValueError(f"{days} days have no window of at least {shortest} days and at most {longest:g} of all days")
    return low[kept], high[kept]


def temporal(
    counts: ArrayLike,
    shortest: int = 2,
    longest: float = 0.5,
    shortest_share: float = 0.0,
    replications: int = 9999,
    seed: int = 1,
) -> pl.DataFrame:
    """Scan time windows of one series against an even spread over all days, conditional on the total.

    Args:
        counts: cases of each day from day 1.
        shortest: days of the shortest window.
        longest: share of all days that the longest window may take.
        shortest_share: shortest window as a share of the day it ends on (TreeScan's risk window restriction).
        replications: data sets drawn under the null.
        seed: of the draws.

    Raises:
        ValueError: a day without a count (`NodeError` names it), no case, or no window.
    """
    n = np.asarray(counts, dtype=float)
    counted(n, [f"day {i + 1}" for i in range(n.size)])
    total, days = n.sum(), n.size
    if not total:
        raise ValueError("no day has a case")
    low, high = windows(days, shortest, longest, shortest_share)
    expected = total * (high - low) / days

    def sums(series: Floats) -> Floats:
        steps = np.concatenate([np.zeros((len(series), 1)), np.cumsum(series, axis=1)], axis=1)
        return steps[:, high] - steps[:, low]

    def ratio(c: Floats) -> Floats:
        return np.where(c > expected, rel_entr(c, expected) + rel_entr(total - c, total - expected), 0.0)

    random = np.random.default_rng(seed)
    draws = random.multinomial(int(total), np.full(days, 1 / days), size=replications).astype(float)
    largest = np.concatenate(
        [ratio(sums(part)).max(axis=1) for part in np.array_split(draws, max(1, replications // 500))]
    )
    found = sums(n[None])[0]
    keys = pl.DataFrame({"start": low + 1, "end": high, "cases": found, "expected": expected})
    risk = relative_risk(found, expected, total)
    return ranked("treescan_temporal", keys, risk, ratio(found), largest, [None] * found.size)


def tree_temporal(
    tree: Tree,
    counts: Floats,
    condition: Condition = "node_and_time",
    shortest: int = 2,
    longest: float = 0.5,
    shortest_share: float = 0.0,
    minimum: int = 2,
    replications: int = 9999,
    seed: int = 1,
) -> pl.DataFrame:
    """Scan every node's time windows; one row a node, its window with the largest ratio.

    With c cases of a node in a window, C of the node and E expected, E is C times the window's share of days (``node``)
    or of all cases (``node_and_time``); LLR = c ln(c/E) + (T-c) ln((T-c)/(T-E)) where c > E, T being C or all cases.
    The p-value ranks it among the largest ratios over all nodes and windows of drawn data. `estimate` is c / E.

    Args:
        tree: the hierarchy.
        counts: cases, leaves x days from day 1 (see `Tree.on_days`).
        condition: what is kept under the null.
        shortest: days of the shortest window.
        longest: share of all days that the longest window may take.
        shortest_share: shortest window as a share of the day it ends on.
        minimum: cases that make a window count.
        replications: data sets drawn under the null.
        seed: of the draws.

    Raises:
        NodeError: a leaf with cases that are no count.
        ValueError: no case, no window, or an unknown condition.
    """
    if condition not in ("node_and_time", "node"):
        raise ValueError(f"condition must be node_and_time or node, got {condition!r}")
    counted(counts, tree.leaves)
    total, days = counts.sum(), counts.shape[1]
    if not total:
        raise ValueError("no leaf has a case")
    low, high = windows(days, shortest, longest, shortest_share)
    of_node = tree.below @ counts.sum(axis=1)
    by_day = _steps(counts.sum(axis=0)[None])[0]
    share = (high - low) / days if condition == "node" else (by_day[high] - by_day[low]) / total
    wholes = of_node if condition == "node" else np.full(of_node.size, total)

    def best(on_leaves: Floats) -> tuple[Floats, Ints]:
        return _best(_steps(tree.below @ on_leaves), low, high, of_node, share, wholes, minimum)

    random = np.random.default_rng(seed)
    largest = np.array([best(_drawn(random, counts, condition))[0].max() for _ in range(replications)])
    llr, at = best(counts)
    is_found = at >= 0
    steps, place = _steps(tree.below @ counts), np.maximum(at, 0)
    each = np.arange(of_node.size)
    c, e = steps[each, high[place]] - steps[each, low[place]], of_node * share[place]
    reasons = [
        None if found else "too few cases" if n < minimum else "no window holds more cases than expected"
        for found, n in zip(is_found, of_node, strict=True)
    ]
    keys = pl.DataFrame({"node": tree.nodes, "node_cases": of_node})
    for name, values in (("start", low[place] + 1), ("end", high[place]), ("cases", c), ("expected", e)):
        keys = keys.with_columns(pl.select(pl.when(pl.Series(is_found)).then(pl.Series(name, values))).to_series())
    risk = relative_risk(c, e, None)
    return ranked(f"treescan_tree_temporal_{condition}", keys, risk, llr, largest, reasons)


def _steps(series: Floats) -> Floats:
    """Cases before each day and after the last: rows x (days + 1)."""
    return np.concatenate([np.zeros((len(series), 1)), np.cumsum(series, axis=1)], axis=1)


def _drawn(random: np.random.Generator, counts: Floats, condition: Condition) -> Floats:
    """Cases of each leaf on days drawn under the null: even, or those of all cases permuted."""
    leaves, days = counts.shape
    if condition == "node":
        return random.multinomial(counts.sum(axis=1).astype(np.int64), np.full(days, 1 / days)).astype(float)
    n = counts.astype(np.int64)
    leaf_of, day_of = np.repeat(np.arange(leaves), n.sum(axis=1)), np.repeat(np.arange(days), n.sum(axis=0))
    cells = leaf_of * days + random.permutation(day_of)
    return np.bincount(cells, minlength=leaves * days).reshape(leaves, days).astype(float)


@njit(cache=True)
def _best(steps, low, high, of_node, share, wholes, minimum):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Largest ratio of each node over windows, and the window it is in (-1: none holds more than expected)."""
    llr, at = np.zeros(of_node.size), np.full(of_node.size, -1)
    for i in range(of_node.size):
        if of_node[i] < minimum:
            continue
        for w in range(low.size):
            c = steps[i, high[w]] - steps[i, low[w]]
            e = of_node[i] * share[w]
            if c < minimum or c <= e * (1 + 1e-12):
                continue
            value = c * np.log(c / e)
            rest = wholes[i] - c
            if rest > 0:
                value += rest * np.log(rest / (wholes[i] - e))
            if value > llr[i] + 1e-12:
                llr[i], at[i] = value, w
    return llr, at
