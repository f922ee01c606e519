"""Links that were found month by month, put together as they came: no chain over the months makes one case of many."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.linkage.agree import MAX_CLUSTER


def agreeing_in_time(links: pl.DataFrame) -> NDArray[np.bool_]:
    """Which links stand, in the order of the rows given.

    Args:
        links: left, right (keys), month, is_identifier, weight (null for identifiers).

    Reports that share a number are one known case, always. Likeness joins two clusters of cases only if each case of
    the one is linked, until that month, to each case of the other, and if no more than `MAX_CLUSTER` cases come
    together; the earliest month decides first, in it the surest link. What comes later changes no link of before.
    """
    rows = links.with_row_index("row").sort(
        "month", "is_identifier", "weight", "left", "right", descending=[False, True, True, False, False]
    )
    stands = np.zeros(links.height, bool)
    cases, clusters = _Sets(), _Sets()
    beside: dict[str, set[str]] = {}
    for _, of_month in rows.group_by("month", maintain_order=True):
        for left, right in of_month.select("left", "right").iter_rows():
            beside.setdefault(left, set()).add(right)
            beside.setdefault(right, set()).add(left)
        for row, left, right, is_identifier in of_month.select("row", "left", "right", "is_identifier").iter_rows():
            if is_identifier:
                cases.join(left, right)
                clusters.join(left, right)
                stands[row] = True
            elif clusters.find(left) == clusters.find(right) or _may_join(left, right, cases, clusters, beside):
                clusters.join(left, right)
                stands[row] = True
    return stands


def _may_join(left: str, right: str, cases: _Sets, clusters: _Sets, beside: dict[str, set[str]]) -> bool:
    """Every case of the one cluster is linked to every case of the other, and both together are not too many."""
    ours, theirs = ({cases.find(report) for report in clusters.of(end)} for end in (left, right))
    if len(ours) + len(theirs) > MAX_CLUSTER:
        return False
    linked = {
        (case, cases.find(other)) for case in ours for report in cases.of(case) for other in beside.get(report, ())
    }
    return all((case, other) in linked for case in ours for other in theirs)


class _Sets:
    """Disjoint sets of names; a name that was never joined is a set of its own."""

    def __init__(self) -> None:
        self._label: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}

    def find(self, name: str) -> str:
        return self._label.get(name, name)

    def of(self, name: str) -> list[str]:
        return self._members.get(self.find(name), [name])

    def join(self, one: str, other: str) -> None:
        keep, lose = sorted((self.find(one), self.find(other)), key=lambda label: (-len(self.of(label)), label))
        if keep == lose:
            return
        moved = self.of(lose)
        self._members[keep] = [*self.of(keep), *moved]
        self._members.pop(lose, None)
        self._label.update(dict.fromkeys(self._members[keep], keep))
