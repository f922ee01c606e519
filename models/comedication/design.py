"""Reports as a sparse table of ones, with reports of the same substances put together.

Reports that name the same substances have the same chance of the event, so a logistic regression needs of each distinct
set only how many reports hold it and how many of those hold the event. That is exact and makes the table far smaller.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Design:
    """Distinct sets of substances: columns in compressed form, how many reports hold each set, and each report's set.

    `at` and `rows` list the sets that hold each substance (column j: rows[at[j]:at[j+1]]); `n` counts reports a set.
    """

    at: Ints
    rows: Ints
    n: Ints
    set_of: Ints

    @property
    def n_substances(self) -> int:
        """Columns."""
        return self.at.size - 1

    def events(self, reports: ArrayLike) -> Ints:
        """Reports with the event in each set, from the row numbers of the reports that hold it."""
        return np.bincount(self.set_of[np.asarray(reports, dtype=np.int64)], minlength=self.n.size)


def design(report: ArrayLike, substance: ArrayLike, n_reports: int, n_substances: int) -> Design:
    """Build from one row a report and substance: report numbers 0.. (those not listed hold none), substance 0...

    Raises:
        ValueError: a number out of range.
    """
    r, s = np.asarray(report, dtype=np.int64), np.asarray(substance, dtype=np.int64)
    if r.size and (r.min() < 0 or r.max() >= n_reports or s.min() < 0 or s.max() >= n_substances):
        raise ValueError("report or substance numbers out of range")
    listed = np.unique(r * n_substances + s)
    r, s = np.divmod(listed, n_substances)
    random = np.random.default_rng(20260101)
    marks = random.integers(1, 2**63, (2, n_substances), dtype=np.uint64)  # a set's mark is the sum of its members'
    sums = [np.zeros(n_reports, np.uint64) for _ in marks]
    for total, mark in zip(sums, marks, strict=True):
        np.add.at(total, r, mark[s])
    mixed = sums[0] ^ (sums[1] * np.uint64(0x9E3779B97F4A7C15))
    _, first, set_of, n = np.unique(mixed, return_index=True, return_inverse=True, return_counts=True)
    is_first = np.zeros(n_reports, dtype=bool)
    is_first[first] = True
    kept = is_first[r]
    rows, columns = set_of[r[kept]], s[kept]
    order = np.lexsort((rows, columns))
    at = np.searchsorted(columns[order], np.arange(n_substances + 1))
    return Design(at.astype(np.int64), rows[order].astype(np.int64), n.astype(np.int64), set_of.astype(np.int64))
