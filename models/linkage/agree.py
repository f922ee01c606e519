"""From links to clusters that agree inside: no chain of links joins reports that do not look alike themselves."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

AGREE_FROM = 0.1
"""Probability from which two reports of one cluster do not speak against each other."""
MAX_CLUSTER = 5
"""Known cases that likeness may put together; a case under one number is one, however often it is told. More that all
look alike are a crowd (one practice's herd, a batch of litigation, a campaign), not one case."""


def agreeing(pairs: pl.DataFrame, group: NDArray[np.int64], link_from: float) -> NDArray[np.bool_]:
    """Which pairs are links inside a cluster whose reports all agree with each other.

    Args:
        pairs: left, right (row numbers), probability; surest first. Pairs that are not listed disagree.
        group: for each row the number of the case it is known to belong to, or one of its own.
        link_from: probability of a link.

    Clusters grow from the surest link on (complete linkage) and start as the known cases, which no likeness divides.
    A case with more links than a cluster can hold has none.
    """
    left, right = group[pairs["left"].to_numpy()], group[pairs["right"].to_numpy()]
    chance = pairs["probability"].to_numpy()
    is_link = (chance >= link_from) & (left != right)
    is_link &= ~_crowded(left, right, is_link)
    agreed = _agreed(pairs, chance, group)
    cluster_of: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    rows_of = _rows_by_group(group, np.union1d(left[is_link], right[is_link]))
    for a, b in zip(left[is_link].tolist(), right[is_link].tolist(), strict=True):
        one, two = cluster_of.setdefault(a, a), cluster_of.setdefault(b, b)
        ours, theirs = members.setdefault(one, [a]), members.setdefault(two, [b])
        if one == two or len(ours) + len(theirs) > MAX_CLUSTER:
            continue
        if all((min(i, j), max(i, j)) in agreed for g in ours for h in theirs for i in rows_of[g] for j in rows_of[h]):
            ours.extend(theirs)
            cluster_of.update(dict.fromkeys(theirs, one))
            del members[two]
    final = np.arange(int(group.max(initial=0)) + 1)
    for g, cluster in cluster_of.items():
        final[g] = cluster
    return is_link & (final[left] == final[right])


def _crowded(left: NDArray[np.int64], right: NDArray[np.int64], is_link: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pairs of which one end is linked to more others than a cluster holds."""
    links = np.unique(np.stack([left[is_link], right[is_link]]), axis=1)
    n_links = np.bincount(links.ravel(), minlength=int(max(left.max(initial=0), right.max(initial=0))) + 1)
    return np.asarray(np.maximum(n_links[left], n_links[right]) >= MAX_CLUSTER, np.bool_)


def _agreed(pairs: pl.DataFrame, chance: NDArray[np.float64], group: NDArray[np.int64]) -> set[tuple[int, int]]:
    at = chance >= AGREE_FROM
    low, high = pairs["left"].to_numpy()[at], pairs["right"].to_numpy()[at]
    return set(zip(np.minimum(low, high).tolist(), np.maximum(low, high).tolist(), strict=True))


def _rows_by_group(group: NDArray[np.int64], wanted: NDArray[np.int64]) -> dict[int, list[int]]:
    rows = np.flatnonzero(np.isin(group, wanted))
    found: dict[int, list[int]] = {}
    for g, row in zip(group[rows].tolist(), rows.tolist(), strict=True):
        found.setdefault(g, []).append(row)
    return found
