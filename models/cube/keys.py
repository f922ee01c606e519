"""One unsigned integer for one cell of the cube: month, substance, term, stratum.

Sorted keys are sorted by month, then substance, then term, so that a month is a slice and a pair is a run. Code 0 of
substance or term stands for any: such cells hold the margins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]

STRATUM_BITS, TERM_BITS, SUBSTANCE_BITS, MONTH_BITS = 16, 18, 18, 12
TERM_SHIFT = STRATUM_BITS
SUBSTANCE_SHIFT = TERM_SHIFT + TERM_BITS
MONTH_SHIFT = SUBSTANCE_SHIFT + SUBSTANCE_BITS
ANY = 0
FIRST_YEAR = 1900
LIMITS = {
    "stratum": 1 << STRATUM_BITS,
    "term": 1 << TERM_BITS,
    "substance": 1 << SUBSTANCE_BITS,
    "month": 1 << MONTH_BITS,
}


@dataclass(frozen=True)
class Cells:
    """Unpacked keys and their counts, arrays of one length in key order. `month` counts from January 1900."""

    month: Ints
    substance: Ints
    term: Ints
    stratum: Ints
    n: Ints


def checked(name: str, values: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return codes as unsigned; raises ValueError where one does not fit into its bits."""
    if values.size and (values.min() < 0 or values.max() >= LIMITS[name]):
        raise ValueError(f"{name} codes must lie in 0..{LIMITS[name] - 1}, got {values.min()}..{values.max()}")
    return values.astype(np.uint64)


def pack(month: Ints, substance: Ints, term: Ints, stratum: Ints) -> Keys:
    """Pack codes into keys; raises ValueError where a code does not fit."""
    parts = (
        (checked("month", month), MONTH_SHIFT),
        (checked("substance", substance), SUBSTANCE_SHIFT),
        (checked("term", term), TERM_SHIFT),
        (checked("stratum", stratum), 0),
    )
    packed = np.zeros(np.shape(month), dtype=np.uint64)
    for values, shift in parts:
        packed |= values << np.uint64(shift)
    return packed


def unpack(keys: Keys, n: NDArray[np.integer]) -> Cells:
    """Return the codes of sorted keys with their counts."""

    def part(shift: int, bits: int) -> Ints:
        return ((keys >> np.uint64(shift)) & np.uint64((1 << bits) - 1)).astype(np.int64)

    return Cells(
        part(MONTH_SHIFT, MONTH_BITS),
        part(SUBSTANCE_SHIFT, SUBSTANCE_BITS),
        part(TERM_SHIFT, TERM_BITS),
        part(0, STRATUM_BITS),
        np.asarray(n, dtype=np.int64),
    )


def month_of(keys: Keys) -> Ints:
    """Month of each key, counted from January 1900."""
    return (keys >> np.uint64(MONTH_SHIFT)).astype(np.int64)
