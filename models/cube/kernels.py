"""Compiled loops of the cube: reports to keys, keys to counts, counts to one sorted sum."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.cube.keys import MONTH_SHIFT, SUBSTANCE_SHIFT, TERM_SHIFT, Keys, checked

Counts = NDArray[np.int64]
Sparse = tuple[Keys, Counts]
NONE: Sparse = (np.empty(0, np.uint64), np.empty(0, np.int64))


def cells_of(
    month: NDArray[np.integer],
    stratum: NDArray[np.integer],
    substances: tuple[NDArray[np.integer], NDArray[np.integer]],
    terms: tuple[NDArray[np.integer], NDArray[np.integer]],
) -> Sparse:
    """Count reports in every cell they touch: each pair, each substance, each term, and all reports.

    Args:
        month: month code of each report, length n.
        stratum: stratum code of each report, length n.
        substances: offsets (n + 1) and values: the distinct substance codes (> 0) of each report.
        terms: offsets and values of the distinct term codes (> 0).

    Returns sorted distinct keys and how many reports hold each.

    Raises:
        ValueError: a code that does not fit into a key.
    """
    (s_at, s), (t_at, t) = substances, terms
    s_at, t_at = s_at.astype(np.int64), t_at.astype(np.int64)
    base = (checked("month", month) << np.uint64(MONTH_SHIFT)) | checked("stratum", stratum)
    s, t = checked("substance", s) << np.uint64(SUBSTANCE_SHIFT), checked("term", t) << np.uint64(TERM_SHIFT)
    size = int(((np.diff(s_at) + 1) * (np.diff(t_at) + 1)).sum())
    keys = np.empty(size, dtype=np.uint64)
    _expand(base, s_at, s, t_at, t, keys)
    keys.sort()
    return runs(keys)


def runs(keys: Keys) -> Sparse:
    """Return the distinct values of sorted keys and how often each stands there."""
    if not keys.size:
        return NONE
    distinct, counts = np.empty_like(keys), np.empty(keys.size, dtype=np.int64)
    n = _runs(keys, distinct, counts)
    return distinct[:n].copy(), counts[:n].copy()


def add(parts: Iterable[Sparse]) -> Sparse:
    """Sum sorted sparse counts by key; what sums to zero is gone. Merges in pairs: a count moves log2(k) times."""
    waiting = [p for p in parts if p[0].size]
    while len(waiting) > 1:
        waiting = [
            _merged(*waiting[i], *waiting[i + 1]) if i + 1 < len(waiting) else waiting[i]
            for i in range(0, len(waiting), 2)
        ]
    return _without_zeros(waiting[0]) if waiting else NONE


def negative(counts: Sparse) -> Sparse:
    """Take the counts off instead of adding them."""
    return counts[0], -counts[1]


def grouped(keys: Keys, counts: Counts) -> Sparse:
    """Sum the counts of unsorted keys."""
    if not keys.size:
        return NONE
    order = np.argsort(keys, kind="stable")
    return _without_zeros(summed(keys[order], counts[order]))


def summed(keys: Keys, counts: Counts) -> Sparse:
    """Sum the runs of sorted keys, at least one; sums of zero stay."""
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)


def _without_zeros(counts: Sparse) -> Sparse:
    kept = counts[1] != 0
    return counts if kept.all() else (counts[0][kept], counts[1][kept])


def _merged(k1: Keys, n1: Counts, k2: Keys, n2: Counts) -> Sparse:
    keys, counts = np.empty(k1.size + k2.size, dtype=np.uint64), np.empty(k1.size + k2.size, dtype=np.int64)
    n = _merge(k1, n1, k2, n2, keys, counts)
    return keys[:n], counts[:n]


@njit(cache=True, nogil=True)
def _expand(base, s_at, s, t_at, t, keys):  # type: ignore[no-untyped-def]  # pragma: no cover
    at = 0
    for i in range(base.size):
        for x in range(s_at[i] - 1, s_at[i + 1]):
            row = base[i] if x < s_at[i] else base[i] | s[x]
            keys[at] = row
            at += 1
            for y in range(t_at[i], t_at[i + 1]):
                keys[at] = row | t[y]
                at += 1


@njit(cache=True, nogil=True)
def _runs(keys, distinct, counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    at, n, last = 0, 0, keys[0]
    for key in keys:
        if key != last:
            distinct[at], counts[at] = last, n
            at, n, last = at + 1, 0, key
        n += 1
    distinct[at], counts[at] = last, n
    return at + 1


@njit(cache=True, nogil=True)
def _merge(k1, n1, k2, n2, keys, counts):  # type: ignore[no-untyped-def]  # pragma: no cover
    i, j, at = 0, 0, 0
    while i < k1.size and j < k2.size:
        if k1[i] < k2[j]:
            keys[at], counts[at] = k1[i], n1[i]
            i += 1
        elif k1[i] > k2[j]:
            keys[at], counts[at] = k2[j], n2[j]
            j += 1
        else:
            keys[at], counts[at] = k1[i], n1[i] + n2[j]
            i += 1
            j += 1
        at += 1
    while i < k1.size:
        keys[at], counts[at] = k1[i], n1[i]
        i, at = i + 1, at + 1
    while j < k2.size:
        keys[at], counts[at] = k2[j], n2[j]
        j, at = j + 1, at + 1
    return at
