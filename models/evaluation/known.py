"""What was known of each pair at the end of a month: sums over the reports received until then, and nothing later.

A lake gives the same columns by SQL (see `Sums`); here they are kept by adding one month after the other, so that a
later month can't be read by mistake.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EVIDENCE = (
    *("informative", "rechallenge", "onset_known", "onset_early", "serious", "narrative"),
    *("consumer", "literature", "copy", "partner", "suspect"),
)
SUBGROUPS, REGIONS = 4, 5
WINDOW, SHORT, BURST = 12, 6, 3  # months
FEWEST = 2  # reports from which a pair is scored


class Reported(Protocol):
    """Reports of one domain on arrays: S substances, E events, T months, C cells of a month and pair with reports.

    molecule, class_of (S,) and concept, group (E,): codes; molecule and concept mean the same in every domain. month,
    substance, event (C,), in the order of months; sums (C, 1 + evidence + subgroups + regions + 1): reports, those with
    each `EVIDENCE`, by subgroup, by region, and the pairs of reports (with earlier ones) that name the same batch.
    reports (S, T), event_reports (E, T), total (T,), subgroup_reports (S, T, G): distinct reports. use (S, T): sold.
    listed_from and public_from (S, E): month from which the leaflet tells it, from which anyone recognised it.
    """

    molecule: Any
    class_of: Any
    concept: Any
    group: Any
    month: Any
    substance: Any
    event: Any
    sums: Any
    reports: Any
    event_reports: Any
    total: Any
    subgroup_reports: Any
    use: Any
    listed_from: Any
    public_from: Any


@dataclass(frozen=True)
class Sums:
    """What is known of R pairs at the end of `month`; all arrays (R,) unless said. Reports are distinct reports.

    substance, event: codes. n, n_substance, n_event, n_total: reports since the beginning; `recent`: the same four
    (4, R) in the last 12 months; `short`: in the last 6; `burst`: in the last 3. new: reports gained in the month.
    since_first: months since the pair's first report. n_others, n_total_others: reports of the event, and all reports,
    of the substances whose leaflets do not tell it. peak: most reports in two months running. n_months: months with a
    report. evidence (R, K): reports with each `EVIDENCE`; evidence_usual (K,): their share in all pairs of the domain.
    subgroups, subgroups_expected (R, G). regions (R, L); regions_usual (L,): share in all pairs. batch_links: pairs of
    reports that name the same batch; batch_usual: share of such among all pairs of reports. near_class, near_group,
    near_species (2, R): reports and expected reports of the same event for siblings in the class, of the substance
    for the other terms of the group, of the same pair in another kingdom (0, 0 where there is none). listed_class,
    listed_group, listed_species: share of these that is listed; public_class, public_group, public_species: share
    that anyone recognised, within the window, by this month. reports_change, use_change: logarithm of the last 12
    months against the 12 before, of the substance's reports and use. cells_n, cells_expected (all cells): reports
    and expected reports of every substance and event, zeros included, scored or not: what a prior is fitted to.
    """

    month: int
    substance: Ints
    event: Ints
    n: Floats
    n_substance: Floats
    n_event: Floats
    n_total: Floats
    recent: Floats
    short: Floats
    burst: Floats
    new: Floats
    since_first: Floats
    n_others: Floats
    n_total_others: Floats
    peak: Floats
    n_months: Floats
    evidence: Floats
    evidence_usual: Floats
    subgroups: Floats
    subgroups_expected: Floats
    regions: Floats
    regions_usual: Floats
    batch_links: Floats
    batch_usual: float
    near_class: Floats
    near_group: Floats
    near_species: Floats
    listed_class: Floats
    listed_group: Floats
    listed_species: Floats
    public_class: Floats
    public_group: Floats
    public_species: Floats
    reports_change: Floats
    use_change: Floats
    cells_n: Floats
    cells_expected: Floats

    @property
    def expected(self) -> Floats:
        """Reports that independence expects (R,)."""
        return self.n_substance * self.n_event / self.n_total


class _Running:
    """Sums of one domain, a month added at a time."""

    def __init__(self, reported: Reported) -> None:
        self.r = reported
        self.shape = reported.listed_from.shape
        months = reported.total.size
        self.bounds = np.searchsorted(reported.month, np.arange(months + 1))
        self.sums = np.zeros((*self.shape, reported.sums.shape[1]), dtype=np.int32)
        self.courses: deque[Any] = deque([np.zeros(self.shape, dtype=np.int32)], maxlen=WINDOW + 1)
        self.peak = np.zeros(self.shape, dtype=np.int32)
        self.n_months = np.zeros(self.shape, dtype=np.int32)
        self.first = np.full(self.shape, -1, dtype=np.int32)
        self.last = np.zeros(self.shape, dtype=np.int32)
        self.t = -1

    def add(self) -> None:
        self.t += 1
        r, cells = self.r, slice(self.bounds[self.t], self.bounds[self.t + 1])
        s, e, sums = r.substance[cells], r.event[cells], r.sums[cells]
        self.sums[s, e] += sums.astype(np.int32)
        now = np.zeros(self.shape, dtype=np.int32)
        now[s, e] = sums[:, 0]
        self.peak = np.maximum(self.peak, now + self.last)
        self.n_months += now > 0
        self.first[(self.first < 0) & (now > 0)] = self.t
        self.last = now
        self.courses.append(self.sums[:, :, 0].copy())
        self.listed = r.listed_from <= self.t
        self.public = r.public_from <= self.t
        self.n = self.sums[:, :, 0].astype(float)
        self.n_substance = self._margin(0)
        self.n_event = self._events(0)
        self.n_total = float(r.total[: self.t + 1].sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            self.expected = np.nan_to_num(np.outer(self.n_substance, self.n_event) / self.n_total)

    def _margin(self, begin: int) -> Floats:
        return self.r.reports[:, begin : self.t + 1].sum(axis=1).astype(float)

    def _since(self, months: int) -> int:
        return max(0, self.t + 1 - months)

    def _events(self, begin: int) -> Floats:
        """Distinct reports of each event since a month, as told at the time."""
        return self.r.event_reports[:, begin : self.t + 1].sum(axis=1).astype(float)

    def window(self, months: int, s: Ints, e: Ints) -> Floats:
        """Reports gained, and those of the margins; corrections of earlier ones may outnumber what came, 0 then."""
        begin = self._since(months)
        n = (self.courses[-1] - self.courses[begin - self.t - 2])[s, e]
        total = float(self.r.total[begin : self.t + 1].sum())
        told = np.array([n, self._margin(begin)[s], self._events(begin)[e], np.full(s.size, total)], dtype=float)
        return np.asarray(np.maximum(told, 0.0))

    def at_risk(self) -> tuple[Ints, Ints]:
        """Pairs that are scored: enough reports, not listed, recognised by nobody."""
        s, e = np.nonzero((self.n >= FEWEST) & ~self.listed & ~self.public)
        return s, e


def walk(domains: Mapping[str, Reported], months: Sequence[int]) -> Iterator[tuple[str, Sums]]:
    """Go through the months of all domains together; yield each domain's `Sums` at the end of each month asked for."""
    running = {name: _Running(reported) for name, reported in domains.items()}
    wanted = set(months)
    for t in range(max(months) + 1):
        for one in running.values():
            one.add()
        if t in wanted:
            for name, one in running.items():
                others = [o for n, o in running.items() if n != name]
                yield name, _sums(one, others)


def _sums(own: _Running, others: list[_Running]) -> Sums:
    r = own.r
    s, e = own.at_risk()
    told = own.sums[s, e].astype(float)
    k = 1 + len(EVIDENCE)
    whole = own.sums.sum(axis=(0, 1)).astype(float)
    unlisted = ~own.listed
    subgroup_events = own.sums[:, :, k : k + SUBGROUPS].sum(axis=0).astype(float)
    subgroup_substances = r.subgroup_reports[:, : own.t + 1].sum(axis=1).astype(float)
    subgroup_total = np.maximum(subgroup_substances.sum(axis=0), 1.0)
    regions = whole[k + SUBGROUPS : k + SUBGROUPS + REGIONS]
    meetings = (own.n * (own.n - 1) / 2).sum()
    near_species, listed_species, public_species = _species(own, others, s, e)
    near_class, listed_class, public_class = _siblings(own, np.unique(r.class_of, return_inverse=True)[1], 0, s, e)
    near_group, listed_group, public_group = _siblings(own, np.unique(r.group, return_inverse=True)[1], 1, s, e)
    return Sums(
        month=own.t,
        substance=s,
        event=e,
        n=own.n[s, e],
        n_substance=own.n_substance[s],
        n_event=own.n_event[e],
        n_total=np.full(s.size, own.n_total),
        recent=own.window(WINDOW, s, e),
        short=own.window(SHORT, s, e),
        burst=own.window(BURST, s, e),
        new=own.window(1, s, e)[0],
        since_first=(own.t - own.first[s, e]).astype(float),
        n_others=(own.n * unlisted).sum(axis=0)[e],
        n_total_others=(own.n_substance @ unlisted)[e],
        peak=own.peak[s, e].astype(float),
        n_months=own.n_months[s, e].astype(float),
        evidence=told[:, 1:k],
        evidence_usual=whole[1:k] / max(whole[0], 1.0),
        subgroups=told[:, k : k + SUBGROUPS],
        subgroups_expected=subgroup_substances[s] * subgroup_events[e] / subgroup_total,
        regions=told[:, k + SUBGROUPS : k + SUBGROUPS + REGIONS],
        regions_usual=regions / max(regions.sum(), 1.0),
        batch_links=told[:, -1],
        batch_usual=float(whole[-1] / max(meetings, 1.0)),
        near_class=near_class,
        near_group=near_group,
        near_species=near_species,
        listed_class=listed_class,
        listed_group=listed_group,
        listed_species=listed_species,
        public_class=public_class,
        public_group=public_group,
        public_species=public_species,
        reports_change=_change(r.reports, own.t)[s],
        use_change=_change(r.use, own.t)[s],
        cells_n=own.n[own.expected > 0],
        cells_expected=own.expected[own.expected > 0],
    )


def _siblings(own: _Running, code: Ints, axis: int, s: Ints, e: Ints) -> tuple[Floats, Floats, Floats]:
    """Of all with the same code along an axis but the pair itself: reports and expected ones; share listed; public."""
    place = (s, e)[axis]
    order = np.argsort(code, kind="stable")
    begins = np.searchsorted(code[order], np.arange(code.max() + 1))

    def others(values: Floats) -> Floats:
        whole = np.add.reduceat(np.take(values, order, axis=axis), begins, axis=axis)
        kept = whole[code[place], e] if axis == 0 else whole[s, code[place]]
        return np.asarray(kept - values[s, e])

    # Of whole numbers, whose sum is the same in any order: what joins a class later changes not even the last bit.
    margin, across = (own.n_substance, own.n_event[e]) if axis == 0 else (own.n_event, own.n_substance[s])
    sums = np.bincount(code, weights=margin)[code[place]] - margin[place]
    near = np.array([others(own.n), sums * across / own.n_total])
    number = np.bincount(code)[code[place]] - 1
    listed, public = (others(told.astype(float)) / np.maximum(number, 1) for told in (own.listed, own.public))
    return near, listed, public


def _species(own: _Running, others: list[_Running], s: Ints, e: Ints) -> tuple[Floats, Floats, Floats]:
    """The same molecule and concept in other domains: reports and expected ones; whether listed; whether public."""
    near, listed, public = np.zeros((2, s.size)), np.zeros(s.size), np.zeros(s.size)
    for other in others:
        to_s = _places(own.r.molecule, other.r.molecule)[s]
        to_e = _places(own.r.concept, other.r.concept)[e]
        has = (to_s >= 0) & (to_e >= 0)
        near[0, has] += other.n[to_s[has], to_e[has]]
        near[1, has] += other.expected[to_s[has], to_e[has]]
        listed[has] = np.maximum(listed[has], other.listed[to_s[has], to_e[has]])
        public[has] = np.maximum(public[has], other.public[to_s[has], to_e[has]])
    return near, listed, public


def _places(codes: Ints, among: Ints) -> Ints:
    """Place of each code among others, -1 where it is not there."""
    order = np.argsort(among)
    at = np.searchsorted(among, codes, sorter=order).clip(max=among.size - 1)
    found = order[at]
    return np.where(among[found] == codes, found, -1)


def _change(values: Any, t: int) -> Floats:
    """Logarithm of the last 12 months against the 12 before; 0 where there were none before.

    A thousandth of what is usual is added to both: usual among those with anything by then, not among all ever known.
    """
    now = np.maximum(values[:, max(0, t + 1 - WINDOW) : t + 1].mean(axis=1), 0.0)
    begin, end = max(0, t + 1 - 2 * WINDOW), max(0, t + 1 - WINDOW)
    if begin == end:
        return np.zeros(values.shape[0])
    before = np.maximum(values[:, begin:end].mean(axis=1), 0.0)
    begun = values[:, : t + 1].any(axis=1)
    least = 1e-3 * max(float(values[begun, : t + 1].mean()) if begun.any() else 0.0, 1e-12)
    return np.clip(np.log((now + least) / (before + least)), -3.0, 3.0)
