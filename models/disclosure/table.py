"""Tables that may leave: counts crossed by dimensions with all their margins, and the rules they leave under."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ALL = "all"
MOST_CELLS = 4_000  # with margins; above, proving that nothing can be worked out takes too long


class DisclosureError(ValueError):
    """A table that can't be released as it is; the sentence says why, with its values."""

    def __init__(self, sentence: str, **values: int) -> None:
        """Keep the sentence, which others may translate, and its values."""
        super().__init__(sentence.format(**values))
        self.sentence, self.values = sentence, values


@dataclass(frozen=True)
class Profile:
    """Rules of a release.

    Attributes:
        name: as it is asked for.
        least: fewest cases of a cell that may be shown; cells of 1 to `least` - 1 cases are hidden, 0 is shown. The
            range in which a hidden count can be placed is never narrower than this.
        rounded_to: what is shown is rounded to a multiple of this; 1 is exact.
        largest_share: a cell in which one contributor makes up more than this share is hidden, (1, k) dominance.
        second_guess: a cell is hidden where its second contributor could tell the largest to within this share of it,
            the p% rule (total - largest - second < p largest).
    """

    name: str
    least: int
    rounded_to: int = 1
    largest_share: float = 1.0
    second_guess: float = 0.0

    def rounded(self, values: Ints) -> Ints:
        """Values as they are shown: to the nearest multiple, halves up."""
        return np.asarray(self.rounded_to * np.floor_divide(values + self.rounded_to // 2, self.rounded_to))


PROFILES = {
    profile.name: profile
    for profile in (
        Profile("snds11", 11),
        Profile("opensafely", 8, rounded_to=5),
        Profile("vet", 10, largest_share=0.9, second_guess=0.1),
    )
}
"""`snds11`: no cell below 11, none by subtraction (rule of the French CASD). `opensafely`: at most 7 is hidden, the
rest rounded to 5 (OpenSAFELY's output checks). `vet`: ten cases at least, and no farm that shows: threshold, (1, k) and
p% as ACRO sets them by default (Hundepool et al. 2012, Statistical Disclosure Control, 4.2)."""


@dataclass(frozen=True)
class Crossed:
    """Values of every crossing of levels, and of every margin.

    `values`, `n_cases`, `largest` and `second` have one axis a dimension; the last place on an axis stands for all of
    its levels. `values` are what is shown; `n_cases` are how many cases stand behind each; `largest` and `second` are
    what the two that make up most contribute (1 and 1 where cases are counted).
    """

    dimensions: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...]
    values: Ints
    n_cases: Ints
    largest: Ints
    second: Ints

    def cell(self, at: tuple[int, ...]) -> dict[str, str]:
        """Level of each dimension that a cell is of; those that it sums over are left out."""
        named = zip(self.dimensions, self.levels, at, strict=True)
        return {name: levels[i] for name, levels, i in named if i < len(levels)}


def crossed(rows: Mapping[str, Sequence[str]], values: Sequence[int] | Ints | None = None) -> Crossed:
    """Cross cases by their levels.

    Args:
        rows: level of each case by dimension, in the order of the dimensions.
        values: what each case contributes, 0 or more; 1 each without.

    Raises:
        DisclosureError: no case, no dimension, a negative value, or more cells than can be proved safe.
    """
    if not rows or not len(next(iter(rows.values()))):
        raise DisclosureError("there is no case to count")
    levels = tuple(tuple(sorted(set(told))) for told in rows.values())
    shape = tuple(len(of) + 1 for of in levels)
    if (n_cells := int(np.prod(shape))) > MOST_CELLS:
        raise DisclosureError(
            "{n:,} cells are too many to be proved safe: at most {most:,}", n=n_cells, most=MOST_CELLS
        )
    at = [np.searchsorted(np.array(of, dtype=object), np.array(told, dtype=object))
          for of, told in zip(levels, rows.values(), strict=True)]  # fmt: skip
    n = len(at[0])
    given = np.ones(n, dtype=np.int64) if values is None else np.asarray(values, dtype=np.int64)
    if (given < 0).any():
        raise DisclosureError("a case contributes less than nothing")
    tables = [np.zeros(shape, dtype=np.int64) for _ in range(4)]
    sums, cases, largest, second = (table.reshape(-1) for table in tables)
    for margin in np.ndindex(*(2,) * len(shape)):
        place = [np.full(n, size - 1) if whole else i for whole, size, i in zip(margin, shape, at, strict=True)]
        flat = np.ravel_multi_index(place, shape)
        np.add.at(sums, flat, given)
        np.add.at(cases, flat, 1)
        order = np.lexsort((-given, flat))
        cell, value = flat[order], given[order]
        rank = np.arange(n) - np.searchsorted(cell, cell)
        largest[cell[rank == 0]] = value[rank == 0]
        second[cell[rank == 1]] = value[rank == 1]
    return Crossed(tuple(rows), levels, *tables)
