"""Which figures are hidden: those that tell of few, and as many others as it takes that these can't be worked out.

The one place of the rule, for figures in three shapes: rows whose columns tell of each other (`without_few`), cells
that sums join (`suppressed`), and tables crossed with all their margins (`released`). What figures tell together with
those that left before stands in `models.disclosure.differencing`.

A hidden cell of a crossed table is safe where the shown ones leave room: where there are tables with the same shown
cells in which it holds other values. For each, the cheapest change of the table that moves it as far as the profile
asks is sought, among all changes that keep every sum (a programme in whole numbers); cells that the change touches are
hidden as well. So the room is there by construction, and `models.disclosure.bounds` proves it by other means.

What is not looked at: somebody who is the only case of a hidden cell knows it, and may take it from a sum.

Source: Kelly, Golden, Assad 1992, Networks 22:397-417; Fischetti, Salazar 2000, JASA 95:916-928; Hundepool et al. 2012,
Statistical Disclosure Control, ch. 4 (primary and secondary cell suppression).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from models.disclosure.programme import least as cheapest
from models.disclosure.table import Crossed, Ints, Profile

FEW, DOMINATED, GIVES_AWAY = "too few", "one makes up most", "would give another away"
SHOWN, PRIMARY, SECONDARY = 0, 1, 2
HIDDEN = "is_hidden"
FREE = 1e-3  # cost of a step in a cell that is hidden already
MARGIN = 2.0  # how much dearer a cell is for each dimension that it sums over
ZERO = 1e-9
Place = tuple[int, ...]


@dataclass(frozen=True)
class Released:
    """A table as it leaves: what is shown (-1 where a cell is hidden), and why each hidden cell is."""

    shown: Ints
    why: dict[tuple[int, ...], str]


def is_few(counts: Any, least: int) -> Any:
    """Tell which counts are of 1 to `least` - 1: numbers, an array or a column; 0 is not, and tells of nobody."""
    return (counts != 0) & (counts < least)


def without_few(rows: pl.DataFrame, told_by: Mapping[str, Sequence[str]], least: int) -> pl.DataFrame:
    """Rows in which counts of 1 to `least` - 1 are null, and with each the columns that `told_by` says tell of it.

    A count that is missing hides what tells of it too: nothing says that it is not small. 0 is shown. Adds `is_hidden`
    where a count was hidden.
    """
    few = {count: is_few(pl.col(count), least) for count in told_by}
    missing = {count: few[count] | pl.col(count).is_null() for count in told_by}
    hides: dict[str, list[pl.Expr]] = {}
    for count, telling in told_by.items():
        for column in (count, *telling):
            hides.setdefault(column, []).append(missing[count])
    shown = [pl.when(~pl.any_horizontal(why)).then(pl.col(column)).alias(column) for column, why in hides.items()]
    return rows.with_columns(*shown, pl.any_horizontal(w.fill_null(False) for w in few.values()).alias(HIDDEN))


def suppressed(
    counts: NDArray[Any], is_small: NDArray[np.bool_], sums: Sequence[NDArray[np.integer[Any]]]
) -> NDArray[np.int8]:
    """Say of each cell whether it is shown, masked because it is small, or masked beside a small one.

    `counts` and `is_small` have shape (cells,). Each of `sums` labels cells, shape (cells,): of those with one label
    the last is the sum of the others, should it stand there; -1 is in no sum. As long as a masked cell can be solved
    for from what is shown, the smallest shown cell of a sum that it is in, zeros aside, is masked too.
    """
    mask = np.where(is_small, PRIMARY, SHOWN).astype(np.int8)
    order = np.argsort(counts, kind="stable")
    while (more := _beside(mask, order[counts[order] > 0], sums)).size:
        mask[more] = SECONDARY
    return mask


def released(table: Crossed, profile: Profile) -> Released:
    """Hide what the profile hides, and what would give it away; round the rest."""
    why = sensitive(table, profile)
    search = _Search(table, profile)
    for at in sorted(why, key=lambda at: (-table.values[at], at)):
        for change in _room(table, profile, at):
            why |= search.touched(at, change, why) or {}  # where nothing allows it, the proof says so
    waiting = [at for at, reason in why.items() if reason == GIVES_AWAY]
    while waiting:
        at = waiting.pop()
        ways = [search.touched(at, change, why) for change in (profile.least, -profile.least)]
        more = min((way for way in ways if way is not None), key=len)
        why |= more
        waiting += more
    shown = profile.rounded(table.values)
    for at in why:
        shown[at] = -1
    return Released(shown, dict(sorted(why.items())))


def sensitive(table: Crossed, profile: Profile) -> dict[tuple[int, ...], str]:
    """Cells that tell of too few, or mostly of one; each with why."""
    few = is_few(table.n_cases, profile.least)
    rest = table.values - table.largest
    dominated = (table.largest > profile.largest_share * table.values) | (
        rest - table.second < profile.second_guess * table.largest
    )
    dominated &= (table.values > 0) & ~few
    found = {_place(at): DOMINATED for at in np.argwhere(dominated)}
    return found | {_place(at): FEW for at in np.argwhere(few)}


def additive(shape: tuple[int, ...]) -> csr_array:
    """Sums that a table keeps, sums x cells: levels less their margin, along each dimension."""
    cells = np.arange(int(np.prod(shape))).reshape(shape)
    rows, columns, signs = [], [], []
    n = 0
    for axis in range(len(shape)):
        lines = np.moveaxis(cells, axis, -1).reshape(-1, shape[axis])
        for line in lines:
            rows += [n] * line.size
            columns += line.tolist()
            signs += [1.0] * (line.size - 1) + [-1.0]
            n += 1
    return csr_array((signs, (rows, columns)), shape=(n, cells.size))


def _beside(
    mask: NDArray[np.int8], order: NDArray[np.intp], sums: Sequence[NDArray[np.integer[Any]]]
) -> NDArray[np.intp]:
    """Cells to mask next, one of each sum of one kind that gives a masked cell away."""
    hidden = np.flatnonzero(mask != SHOWN)
    known = hidden[_is_determined([labels[hidden] for labels in sums])]
    shown = order[mask[order] == SHOWN]
    for most in (1, hidden.size):  # sums in which a cell is masked alone come first
        for labels in sums:
            listed, n_hidden = np.unique(labels[hidden], return_counts=True)
            giving = listed[(listed >= 0) & (n_hidden <= most) & np.isin(listed, labels[known])]
            candidates = shown[np.isin(labels[shown], giving)]
            if candidates.size:
                return candidates[np.unique(labels[candidates], return_index=True)[1]]
    return np.array([], dtype=np.intp)


def _is_determined(sums: Sequence[NDArray[np.integer[Any]]]) -> NDArray[np.bool_]:
    """Tell which unknowns have one solution only, given sums of them: no solution of the sums being 0 moves them."""
    if len(sums) == 1:  # then an unknown is known where it is alone
        (labels,) = sums
        _, place, n = np.unique(labels, return_inverse=True, return_counts=True)
        return np.asarray((n[place] == 1) & (labels >= 0))
    equations = np.concatenate([labels[None] == np.unique(labels[labels >= 0])[:, None] for labels in sums])
    if not equations.size:
        return np.zeros(equations.shape[1], dtype=bool)
    _, values, axes = np.linalg.svd(equations.astype(float))
    free = axes[int(np.sum(values > ZERO * values.max(initial=1))) :]
    return np.all(np.abs(free) < ZERO, axis=0)


def _place(at: Ints) -> tuple[int, ...]:
    return tuple(int(i) for i in at)


def _room(table: Crossed, profile: Profile, at: tuple[int, ...]) -> tuple[int, ...]:
    """Changes that must be possible of a sensitive cell: down towards 0, and up beyond what would be shown."""
    value = int(table.values[at])
    room = max(profile.least, int(np.ceil(profile.second_guess * table.largest[at])))
    down = min(value, room)
    return (-down, max(room - down, 1))


class _Search:
    """Cheapest changes of one table that keep its sums."""

    def __init__(self, table: Crossed, profile: Profile):
        """Lay out its sums, what hiding each cell costs, and how far each may move without its shown value changing."""
        self.shape, self.value = table.values.shape, table.values.reshape(-1)
        sums = additive(self.shape)
        half, step, shown = profile.rounded_to // 2, profile.rounded_to, profile.rounded(self.value)
        self.down, self.up = self.value - np.maximum(shown - half, 0), shown + step - 1 - half - self.value
        self.is_rounded = step > 1
        self.sums = hstack([sums, -sums] * (2 if self.is_rounded else 1)).tocsr()
        n_summed = sum(np.indices(self.shape)[i] == size - 1 for i, size in enumerate(self.shape)).reshape(-1)
        self.cost = (1.0 + np.log1p(self.value)) * MARGIN**n_summed

    def touched(self, at: tuple[int, ...], change: int, hidden: Iterable[tuple[int, ...]]) -> dict[Place, str] | None:
        """Cells to be hidden besides, so that one can hold `change` more than it does; None where it never can."""
        n, cell = self.value.size, int(np.ravel_multi_index(at, self.shape))
        if change < 0 and self.value[cell] < -change:
            return None
        listed = [int(np.ravel_multi_index(other, self.shape)) for other in hidden]
        cost = self.cost.copy()
        cost[listed] = FREE
        most = np.full(n, float(self.value.sum() + abs(change)))
        # steps up and down that change what is shown, then those that rounding hides
        upper = np.concatenate([most, np.maximum(self.value - self.down, 0)]).astype(float)
        upper[listed] = most[listed]
        upper[[n + i for i in listed]] = self.value[listed]
        if self.is_rounded:
            upper = np.concatenate([upper, self.up, self.down])
            upper[[2 * n + cell, 3 * n + cell]] = 0
        lower = np.zeros(upper.size)
        upper[[cell, n + cell]] = 0
        side = cell if change > 0 else n + cell
        lower[side] = upper[side] = abs(change)
        found = cheapest(np.concatenate([cost, cost, np.zeros(upper.size - 2 * n)]), self.sums, lower, upper, gap=0.05)
        if found is None:
            return None
        steps = found.astype(np.int64)
        moved = set(np.flatnonzero((steps[:n] > 0) | (steps[n : 2 * n] > 0)).tolist()) - {*listed, cell}
        return {_place(np.array(np.unravel_index(i, self.shape))): GIVES_AWAY for i in moved}
