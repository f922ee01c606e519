"""The one report of each cluster of duplicates that counts, month by month, by what was known in that month.

A report found to be a duplicate, retracted or corrected later changes nothing of the months before.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Version(NamedTuple):
    """One version of a report: the months from which and until which it stands (None: for good), and its dates."""

    report: str
    month_from: int
    month_to: int | None
    is_retracted: bool
    received: dt.date
    first_known: dt.date

    @property
    def rank(self) -> tuple[dt.date, dt.date, str]:
        """Order of the reports of a cluster: the first received counts."""
        return self.received, self.first_known, self.report


class Link(NamedTuple):
    """Two reports of one case, and the months from which and until which that was held (None: for good)."""

    month: int
    report: str
    other: str
    month_to: int | None = None


class Head(NamedTuple):
    """A report counts for its cluster from one month until another (None: for good)."""

    report: str
    month_from: int
    month_to: int | None


def heads(versions: Iterable[Version], links: Iterable[Link]) -> list[Head]:
    """Tell when each linked report is the head of its cluster: the first received of those not retracted then.

    A report that is not linked yet is a cluster of its own. A month in which all reports of a cluster are retracted has
    no head. Versions that no month saw (`month_to` at or before `month_from`) are passed over.
    """
    joined = _Union()
    known = sorted(links, key=lambda link: link[:3])
    for link in known:
        joined.join(link.report, link.other)
    of_cluster: dict[str, tuple[list[Version], list[Link]]] = defaultdict(lambda: ([], []))
    for version in versions:
        of_cluster[joined.find(version.report)][0].append(version)
    for link in known:
        of_cluster[joined.find(link.report)][1].append(link)
    return [head for _, (own, told) in sorted(of_cluster.items()) for head in _heads_of(own, told)]


def _heads_of(versions: list[Version], links: list[Link]) -> Iterator[Head]:
    """Walk through the months in which something of a cluster changed."""
    seen = [v for v in versions if v.month_to is None or v.month_to > v.month_from]
    came: dict[int, list[Version]] = defaultdict(list)
    for version in seen:
        came[version.month_from].append(version)
    linked: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        linked[link.month].append(link)
    ends = {v.month_to for v in seen if v.month_to is not None}
    parted = {link.month_to for link in links if link.month_to is not None}
    joined, standing = _Union(), dict[str, Version]()
    since: dict[str, int] = {}
    for month in sorted({*came, *linked, *ends, *parted}):
        if month in parted:  # sets can't be parted: those that still hold are joined anew
            joined = _Union()
            for link in links:
                if link.month <= month and _holds(link, month):
                    joined.join(link.report, link.other)
        standing = {r: v for r, v in standing.items() if v.month_to is None or v.month_to > month}
        standing |= {v.report: v for v in came[month]}
        for link in linked[month]:
            if _holds(link, month):
                joined.join(link.report, link.other)
        first: dict[str, Version] = {}
        for version in standing.values():
            if not version.is_retracted:
                label = joined.find(version.report)
                first[label] = min(version, first.get(label, version), key=lambda v: v.rank)
        now = {v.report for v in first.values()}
        for report in sorted(since.keys() - now):
            yield Head(report, since.pop(report), month)
        since |= dict.fromkeys(sorted(now - since.keys()), month)
    for report, month in sorted(since.items()):
        yield Head(report, month, None)


def _holds(link: Link, month: int) -> bool:
    return link.month_to is None or link.month_to > month


class _Union:
    """Disjoint sets of names."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        root = name
        while (above := self.parent.get(root, root)) != root:
            root = above
        while (above := self.parent.get(name, name)) != root:
            self.parent[name] = root
            name = above
        return root

    def join(self, one: str, other: str) -> None:
        one, other = sorted((self.find(one), self.find(other)))
        self.parent[other] = one
