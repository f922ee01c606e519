"""What the prior of a population is fitted to, in a form that parts of it can be summed: tasks count, one task fits.

The likelihood needs, of each pair, its count n and the product of its margins; of the empty cells only how many there
are with each product. Products are kept on a logarithmic grid: cells whose products differ by less than a step count
as one point. The fine step moves E by less than one part in 600,000; the coarse one (data squashing, DuMouchel and
Pregibon 2001) by one in 2,000, for lakes where the fine one would give millions of points.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models.cube.kernels import Sparse, grouped
from models.mgps.likelihood import Points
from pipelines.defs.gold.disproportionality.months import Changes, State, refit_months

FINE, COARSE = 3e-6, 1e-3
GRID_BITS, COUNT_BITS = 24, 28
PAIRS, SUBSTANCES, EVENTS = "pairs", "substances", "events"


def counted(changes: Changes, minimum: int, step: float, with_events: bool) -> dict[str, Sparse]:
    """Histograms of pairs and margins at every month of a refit, keyed by month, n and grid place.

    Empty for a population that never reaches the minimum. Event margins are the same in every bucket of substances:
    `with_events` counts them once.
    """
    found: dict[str, list[np.ndarray]] = {PAIRS: [], SUBSTANCES: [], EVENTS: []}
    steps = set(refit_months(changes.sizes, changes.changed, minimum))
    for at, state in enumerate(changes.states()):
        if at in steps:
            base = np.uint64(state.month) << np.uint64(GRID_BITS + COUNT_BITS)
            found[PAIRS].append(base | _pairs(state, step))
            found[SUBSTANCES].append(base | state.n_substance[state.n_substance > 0].astype(np.uint64))
            if with_events:
                found[EVENTS].append(base | state.n_event[state.n_event > 0].astype(np.uint64))
    return {name: _histogram(keys) for name, keys in found.items()}


def _pairs(state: State, step: float) -> np.ndarray:
    seen = state.a > 0
    products = state.n_substance[state.substance_of[seen]].astype(float) * state.n_event[state.event_of[seen]]
    place = np.rint(np.log(products) / step).astype(np.uint64)
    return (state.a[seen].astype(np.uint64) << np.uint64(GRID_BITS)) | place


def _histogram(parts: list[np.ndarray]) -> Sparse:
    keys = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    return grouped(keys, np.ones(keys.size, np.int64))


@dataclass
class Sums:
    """Histograms of a whole population, summed over its buckets."""

    parts: dict[str, list[Sparse]] = field(default_factory=lambda: {PAIRS: [], SUBSTANCES: [], EVENTS: []})

    def months(self) -> list[int]:
        """Months of a refit."""
        shift = np.uint64(GRID_BITS + COUNT_BITS)
        return sorted({int(m) for keys, _ in self.parts[PAIRS] for m in np.unique(keys >> shift)})

    def at(self, name: str, month: int) -> Sparse:
        """Histogram of a month, without the month in its keys."""
        base = np.uint64(month) << np.uint64(GRID_BITS + COUNT_BITS)
        after = base + (np.uint64(1) << np.uint64(GRID_BITS + COUNT_BITS))
        slices = [(k, n, *np.searchsorted(k, [base, after])) for k, n in self.parts[name]]
        keys = np.concatenate([k[low:high] for k, _, low, high in slices] or [np.empty(0, np.uint64)]) - base
        return grouped(keys, np.concatenate([n[low:high] for _, n, low, high in slices] or [np.empty(0, np.int64)]))

    def points(self, month: int, n_total: int, step: float, with_zeros: bool) -> Points:
        """Weighted points (n, E, cells) of a month; empty cells exactly as many as the margins leave."""
        keys, weight = self.at(PAIRS, month)
        place = (keys & np.uint64((1 << GRID_BITS) - 1)).astype(np.int64)
        n = (keys >> np.uint64(GRID_BITS)).astype(float)
        expected = np.exp(place * step) / n_total
        if not with_zeros:
            return Points(n, expected, weight.astype(float))
        places, cells = self._empty(month, step, place, weight)
        return Points(
            np.concatenate([np.zeros(places.size), n]),
            np.concatenate([np.exp(places * step) / n_total, expected]),
            np.concatenate([cells, weight]).astype(float),
        )

    def _empty(self, month: int, step: float, place: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cells without a report by grid place: all cells less those observed."""
        (rows, n_rows), (columns, n_columns) = (self.at(name, month) for name in (SUBSTANCES, EVENTS))
        logs = np.log(columns.astype(float))
        size = int(np.rint((np.log(float(rows[-1])) + logs[-1]) / step)) + 2
        cells = np.zeros(size, np.int64)
        for row, multiplicity in zip(rows, n_rows, strict=True):
            at = np.rint((np.log(float(row)) + logs) / step).astype(np.int64)
            np.add.at(cells, at, multiplicity * n_columns)
        np.subtract.at(cells, place, weight)
        if (cells < 0).any():
            cells = _settled(cells)
        kept = np.flatnonzero(cells)
        return kept, cells[kept]


def _settled(cells: np.ndarray) -> np.ndarray:
    """Rounding may put a pair one place beside its cell: move the debt to the neighbour that holds the cell."""
    for at in np.flatnonzero(cells < 0):
        for beside in (at - 1, at + 1):
            if 0 <= beside < cells.size and cells[beside] > 0:
                moved = min(-cells[at], cells[beside])
                cells[at] += moved
                cells[beside] -= moved
    if (cells < 0).any():
        raise ValueError("margins do not hold all observed pairs")
    return cells
