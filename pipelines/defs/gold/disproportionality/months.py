"""From signed changes to the state at each month end: pure numpy on the cells of one population."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cube.kernels import Sparse
from models.cube.keys import unpack

Ints = NDArray[np.int64]
REFIT_GROWTH = 1.25
REFIT_AFTER = 12  # months


@dataclass
class State:
    """Counts as known at the end of `month`: `a` and `change` by pair, margins, `n_total` reports."""

    month: int
    n_total: int
    a: Ints
    change: Ints
    n_substance: Ints
    n_event: Ints
    substance_of: Ints
    event_of: Ints


@dataclass(frozen=True)
class Changes:
    """Changes of one population, or of some of its substances with all its margins; months count from January 1900.

    `substances` and `events` are codes; a pair is a position in each of them.
    """

    substances: Ints
    events: Ints
    months: range
    pairs: tuple[Ints, Ints]
    _rows: dict[str, tuple[Ints, Ints, Ints]]
    _totals: Ints

    @classmethod
    def of(cls, cells: Sparse, last: int | None = None) -> Changes:
        """Sort out sorted cells (stratum bits zero) whose total row is among them; up to the month `last` if given."""
        c = unpack(*cells)
        months = range(int(c.month[0]), 1 + (int(c.month[-1]) if last is None else last))
        is_total = (c.substance == 0) & (c.term == 0)
        totals = np.zeros(len(months), np.int64)
        np.add.at(totals, c.month[is_total] - months.start, c.n[is_total])
        of_substance, of_event = (c.substance > 0) & (c.term == 0), (c.substance == 0) & (c.term > 0)
        is_pair = (c.substance > 0) & (c.term > 0)
        substances, s_at = np.unique(c.substance[of_substance], return_inverse=True)
        events, e_at = np.unique(c.term[of_event], return_inverse=True)
        pair = _places(substances)[c.substance[is_pair]] * len(events) + _places(events)[c.term[is_pair]]
        pairs, p_at = np.unique(pair, return_inverse=True)
        rows = {
            name: (c.month[mask] - months.start, at, c.n[mask])
            for name, mask, at in (
                ("substance", of_substance, s_at),
                ("event", of_event, e_at),
                ("pair", is_pair, p_at),
            )
        }
        return cls(substances, events, months, np.divmod(pairs, max(1, len(events))), rows, totals)

    @property
    def sizes(self) -> list[int]:
        """Reports of the population at each month end."""
        return [int(n) for n in np.cumsum(self._totals)]

    @property
    def changed(self) -> NDArray[np.bool_]:
        """Whether the population changed in each month, by what all parts of it know: the total and the events."""
        changed = self._totals != 0
        at, _, n = self._rows["event"]
        changed[at[n != 0]] = True
        return changed

    @property
    def of_pairs(self) -> tuple[Ints, Ints, Ints]:
        """Step, pair and change of every cell, in the order of steps."""
        return self._rows["pair"]

    def margins(self, name: str) -> Ints:
        """Reports of each `substance` or `event` at each month end, shape (codes, months)."""
        at, code, n = self._rows[name]
        counts = np.zeros((len(self.substances if name == "substance" else self.events), len(self.months)), np.int64)
        counts[code, at] = n
        return np.cumsum(counts, axis=1)

    def states(self) -> Iterator[State]:
        """Yield the state at each month end, oldest first. Arrays are reused: copy what must outlive the step."""
        substance_of, event_of = self.pairs
        sizes = {"pair": len(substance_of), "substance": len(self.substances), "event": len(self.events)}
        counts = {name: np.zeros(n, np.int64) for name, n in sizes.items()}
        change = np.zeros(sizes["pair"], np.int64)
        for step, (month, n_total) in enumerate(zip(self.months, self.sizes, strict=True)):
            change[:] = 0
            for name, (at, code, n) in self._rows.items():
                low, high = np.searchsorted(at, [step, step + 1])
                counts[name][code[low:high]] += n[low:high]  # a code stands once in a month
                if name == "pair":
                    change[code[low:high]] = n[low:high]
            yield State(
                month, n_total, counts["pair"], change, counts["substance"], counts["event"], substance_of, event_of
            )


def _places(codes: Ints) -> Ints:
    """Place of each code in a list of them, by code."""
    places = np.full(1 + int(codes.max(initial=0)), -1)
    places[codes] = np.arange(len(codes))
    return places


def refit_months(sizes: Sequence[int], changed: NDArray[np.bool_], minimum: int) -> list[int]:
    """Steps at which the prior is fitted: at the first size that suffices, then after a growth by a quarter or a year.

    Only steps in which something changed are taken, and no step is taken for being the last one: what is fitted at a
    month does not depend on the months that follow.
    """
    steps: list[int] = []
    fitted_at = 0.0
    for step, size in enumerate(sizes):
        is_due = not steps or size >= REFIT_GROWTH * fitted_at or step - steps[-1] >= REFIT_AFTER
        if size >= minimum and changed[step] and is_due:
            steps.append(step)
            fitted_at = size
    return steps
