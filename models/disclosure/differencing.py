"""What a new table tells together with those that left before: cells that differ by few tell of these few."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from models.disclosure.suppress import Released
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
            if is_mixed or (other.of != new.of and 0 < abs(now - before) < least):
                found.append(Difference(other.number, cell, before, now))
    return found
