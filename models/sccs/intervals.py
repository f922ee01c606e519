"""Person time of a case series, cut where exposure or age group changes.

Belongs here: rows into intervals. Does not: what is estimated from them (`models.sccs.sccs`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Intervals:
    """Person time, arrays of one length: 0 is unexposed, no washout, and the first age group.

    `n_levels` holds the numbers of risk windows, of washout periods, and of age groups after the first.
    """

    person: Ints  # number, from 0, in the order of the labels
    lower: Ints  # first day
    upper: Ints  # last day
    risk: Ints
    washout: Ints
    age: Ints
    events: Ints
    n_levels: tuple[int, int, int]

    @property
    def days(self) -> Ints:
        """Length of each interval."""
        return self.upper - self.lower + 1

    def design(self) -> tuple[list[str], Floats]:
        """Names of the terms, and whether each interval lies in each (intervals x terms, 0 or 1)."""
        levels = zip(("risk", "washout", "age"), self.n_levels, (1, 1, 2), strict=True)
        terms = [(name, k, first) for name, n, first in levels for k in range(1, n + 1)]
        columns = np.array([getattr(self, name) == k for name, k, _ in terms], dtype=float)
        return [f"{name} {k + first - 1}" for name, k, first in terms], columns.reshape(len(terms), self.person.size).T


def intervals(
    person: ArrayLike,
    event_day: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    exposure: ArrayLike,
    windows: Sequence[int],
    exposure_end: ArrayLike | int,
    ages: Sequence[int] = (),
    washout: Sequence[int] = (),
) -> Intervals:
    """Cut the observation of each case (days of age).

    A person's rows together hold their events and exposures, in any order: each distinct event day is an event, each
    distinct exposure day an exposure, a row without an exposure adds none (R's SCCS: ``dataformat="stack"``). Where
    periods of two exposures overlap, risk windows go before washout, and a later exposure before an earlier one.

    Args:
        person: label of the person of each row.
        event_day: day of the event, within observation.
        start: first day of observation, the same in all rows of a person.
        end: last day of observation, the same in all rows of a person.
        exposure: day of exposure, NaN for none.
        windows: days after exposure at which each risk window starts, ascending.
        exposure_end: days after exposure at which the last window ends, or one for each row as a day.
        ages: last day of each age group but the last one.
        washout: last day of each washout period, as days after the last window's end, ascending.

    Raises:
        ValueError: an event outside observation, windows, ages or washout not ascending, or rows of one person that
            contradict each other; the message names row (from 1) and person.
    """
    for name, values in (("windows", windows), ("ages", ages), ("washout periods", washout)):
        if np.any(np.diff(values) <= 0):
            raise ValueError(f"{name} must ascend")
    if any(w <= 0 for w in washout):
        raise ValueError("washout periods must end after the last window")
    labels = np.asarray(person)
    day, first, last, exposed = (np.asarray(v, float) for v in (event_day, start, end, exposure))
    after = np.asarray(exposure_end, dtype=float)
    ends = exposed + after if after.ndim == 0 else after
    _check(labels, day, first, last, exposed, ends)
    rows: list[tuple[int, ...]] = []
    for number, mine in enumerate(_rows_of(labels)):
        seen = np.unique(np.stack([exposed[mine], ends[mine]], axis=1)[~np.isnan(exposed[mine])], axis=0)
        risks = [[min(at + w, until + 1) for w in windows] + [until + 1] for at, until in seen]
        rests = [[until + 1, *(until + w + 1 for w in washout)] for _, until in seen] if len(washout) else []
        observed = first[mine[0]], last[mine[0]] + 1
        cuts = np.unique(np.concatenate([observed, np.add(ages, 1), *risks, *rests]))
        cuts = cuts[(cuts >= observed[0]) & (cuts <= observed[1])]
        events = np.unique(day[mine])
        for low, high in pairwise(cuts):
            risk = _level(risks, low)
            rows.append(
                (
                    *(number, int(low), int(high) - 1, risk, 0 if risk else _level(rests, low)),
                    int(np.searchsorted(np.asarray(ages), low, side="left")),
                    int(((events >= low) & (events < high)).sum()),
                )
            )
    number_, lower, upper, risk_, rest_, age, hits = np.array(rows, dtype=np.int64).T
    return Intervals(number_, lower, upper, risk_, rest_, age, hits, (len(windows), len(washout), len(ages)))


def _level(periods: list[list[float]], day: float) -> int:
    """Period of a day, from 1, of the last exposure that has one there; 0 in none. A period starts where its number
    does, the last entry is the day after."""
    for starts in reversed(periods):
        at = int(np.searchsorted(starts, day, side="right"))
        if 0 < at < len(starts):
            return at
    return 0


def _rows_of(labels: NDArray[np.generic]) -> list[Ints]:
    """Rows of each person, persons in the order of their labels."""
    _, number = np.unique(labels, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)


def _check(
    labels: NDArray[np.generic], day: Floats, first: Floats, last: Floats, exposed: Floats, ends: Floats
) -> None:
    """Refuse rows that say what can't be, naming row and person."""
    if labels.size == 0:
        raise ValueError("no row")

    def told(at: int) -> str:
        return f"row {at + 1}, person {str(labels[at])!r}"

    missing = ~(np.isfinite(day) & np.isfinite(first) & np.isfinite(last))
    if missing.any():
        raise ValueError(f"{told(int(np.argmax(missing)))}: no event, start or end")
    outside = (day < first) | (day > last)
    if outside.any():
        at = int(np.argmax(outside))
        raise ValueError(
            f"{told(at)}: the event on day {day[at]:g} lies outside observation ({first[at]:g} to {last[at]:g})"
        )
    early = ends < exposed
    if early.any():
        at = int(np.argmax(early))
        raise ValueError(f"{told(at)}: the exposure ends on day {ends[at]:g}, before it starts on day {exposed[at]:g}")
    if (open_ended := np.isfinite(exposed) & ~np.isfinite(ends)).any():
        raise ValueError(f"{told(int(np.argmax(open_ended)))}: the exposure has no end")
    for mine in _rows_of(labels):
        differ = (first[mine] != first[mine[0]]) | (last[mine] != last[mine[0]])
        if differ.any():
            at, other = mine[np.argmax(differ)], mine[0]
            raise ValueError(
                f"{told(at)}: observed from {first[at]:g} to {last[at]:g}, in row {other + 1} "
                f"from {first[other]:g} to {last[other]:g}"
            )
        for at, until in np.stack([mine, ends[mine]], axis=1):
            same = mine[(exposed[mine] == exposed[int(at)]) & (ends[mine] != until)]
            if same.size:
                raise ValueError(
                    f"{told(int(same.max()))}: the exposure of day {exposed[int(at)]:g} ends on day "
                    f"{ends[same.max()]:g}, in row {int(min(at, same.min())) + 1} on another"
                )
