"""What figures tell together with those that left before: counts that differ by few tell of these few."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from models.disclosure.suppress import Released, is_few
from models.disclosure.table import Crossed, Profile

Cell = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Told:
    """What a release told: of which cases, how it was rounded, and the count of each cell that was shown.

    `measure` says what is counted, `of` which cases: releases of another measure or of the same cases at the same
    version differ in nothing. A cell is the set of its (dimension, level), margins without those they sum over.
    """

    number: int
    measure: str
    of: str
    rounded_to: int
    shown: Mapping[Cell, int]


@dataclass(frozen=True)
class Difference:
    """A cell whose count in a new release and in an earlier one lie so near that those between can be told."""

    number: int
    cell: Cell
    before: int
    now: int


def told(number: int, measure: str, of: str, table: Crossed, left: Released, profile: Profile) -> Told:
    """A release as others are compared with it."""
    cells = {
        frozenset(table.cell(at).items()): int(left.shown[at])
        for at in np.ndindex(*table.values.shape)
        if left.shown[at] >= 0
    }
    return Told(number, measure, of, profile.rounded_to, cells)


def differences(new: Told, earlier: Iterable[Told], least: int) -> list[Difference]:
    """Cells that both tell, with 1 to `least` - 1 cases between; or the same cell exact here and rounded there."""
    found = []
    for other in earlier:
        if other.measure != new.measure:
            continue
        is_mixed = other.of == new.of and other.rounded_to != new.rounded_to
        for cell in sorted(new.shown.keys() & other.shown.keys(), key=sorted):
            before, now = other.shown[cell], new.shown[cell]
            if is_mixed or (other.of != new.of and is_few(abs(now - before), least)):
                found.append(Difference(other.number, cell, before, now))
    return found


def moved_by_few(before: Mapping[str, Any], now: Mapping[str, Any], counts: Collection[str], least: int) -> list[str]:
    """Counts that two rows both tell, of which 1 to `least` - 1 lie between them; what either hides (null) is none."""
    told = [c for c in counts if before[c] is not None and now[c] is not None]
    return [c for c in told if is_few(abs(now[c] - before[c]), least)]


def passed_on(rows: pl.DataFrame, key: Sequence[str], month: str, counts: Collection[str], least: int) -> pl.DataFrame:
    """What each month's report may show of rows that grow from month to month: one row a key and month of `rows`.

    A row stands as it was last passed on, with the month that it is of, until no count of it lies 1 to `least` - 1 from
    what any report before told. So no two reports together tell of few, and what is shown is what was so one day.

    Args:
        rows: rows of all months as each may leave alone (`without_few`), one a key and month.
        key: columns that tell rows of a month apart.
        month: the column of the month end; the answer adds `report`, the month of the report.
        counts: columns of whole numbers, null where they are hidden.
        least: fewest that may be told of.
    """
    shown: list[dict[str, Any]] = []
    for _, own in rows.sort(month).group_by(key, maintain_order=True):
        told: list[dict[str, Any]] = []
        for row in own.iter_rows(named=True):
            if not any(moved_by_few(before, row, counts, least) for before in told):
                told.append(row)
            shown.append(told[-1] | {"report": row[month]})
    return pl.DataFrame(shown, schema={**rows.schema, "report": rows.schema[month]})
