"""Codes raised to a higher level of their dictionary, each report's groups named once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Lists = tuple[Ints, Ints]  # offsets from 0, and the values between them


@dataclass(frozen=True)
class Groups:
    """Groups of each code: those of code c are groups[at[c]:at[c + 1]], none for a code without any."""

    at: Ints
    groups: Ints

    @classmethod
    def of(cls, code: ArrayLike, group: ArrayLike) -> Groups:
        """Build from one row a code and group, both numbered from 1."""
        codes, groups = np.asarray(code, dtype=np.int64), np.asarray(group, dtype=np.int64)
        order = np.lexsort((groups, codes))
        at = np.searchsorted(codes[order], np.arange((codes.max(initial=0)) + 2))
        return cls(at.astype(np.int64), groups[order])

    def raised(self, lists: Lists) -> Lists:
        """Put groups for the codes of every list, sorted and each once, so that no report counts twice in a group."""
        offsets, values = lists
        row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        known = values < len(self.at) - 1
        row, values = row[known], values[known].astype(np.int64)
        first, n = self.at[values], self.at[values + 1] - self.at[values]
        inside = np.arange(n.sum()) - np.repeat(np.cumsum(n) - n, n)
        found = self.groups[np.repeat(first, n) + inside]
        span = int(self.groups.max(initial=0)) + 1
        kept = np.unique(np.repeat(row, n) * span + found)
        sizes = np.bincount(kept // span, minlength=len(offsets) - 1)
        return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64), kept % span
