"""Omega: do two products together get more reports of an event than either alone explains? In log2 units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.disproportionality.counts import LARGEST, Floats
from models.disproportionality.ic import ic


@dataclass(frozen=True)
class Interaction:
    """Omega with its bounds (log2) and the expected count under no interaction (reports)."""

    estimate: Floats
    lower: Floats
    upper: Floats
    expected: Floats


def omega(
    n111: ArrayLike,
    n110: ArrayLike,
    n101: ArrayLike,
    n100: ArrayLike,
    n011: ArrayLike,
    n010: ArrayLike,
    n001: ArrayLike,
    n000: ArrayLike,
    level: float = 0.95,
) -> Interaction:
    """Omega = log2((n111+1/2)/(E111+1/2)) for reports n[product 1][product 2][event], with gamma quantiles.

    E111 = g11 (n111+n110), g11 = 1 - 1/(max(o00,o10) + max(o00,o01) - o00 + 1), o the odds of the event in reports
    with both products, one or none. NaN where one of the three comparison groups has no report or no report without
    the event, and where a count is negative or beyond what floats count exactly.

    Source: Norén, Sundberg, Bate, Edwards 2008, Stat Med 27:3057-3070.

    Raises:
        ValueError: `level` not in (0, 1).
    """
    counts = np.broadcast_arrays(*(np.asarray(x, float) for x in (n111, n110, n101, n100, n011, n010, n001, n000)))
    counted = np.logical_and.reduce([(x >= 0) & (x <= LARGEST) for x in counts])
    both, both_without, one, one_without, two, two_without, none, none_without = (
        np.where(counted, x, np.nan) for x in counts
    )

    def odds(with_event: Floats, without: Floats) -> Floats:
        return np.divide(with_event, without, out=np.full(with_event.shape, np.nan), where=without > 0)

    o10, o01, o00 = odds(one, one_without), odds(two, two_without), odds(none, none_without)
    share = 1 - 1 / (np.maximum(o00, o10) + np.maximum(o00, o01) - o00 + 1)
    expected = share * (both + both_without)
    known = np.isfinite(expected)
    result = ic(both, np.where(known, expected, 0.0), level)
    estimate, lower, upper = (np.where(known, x, np.nan) for x in (result.estimate, result.lower, result.upper))
    return Interaction(estimate, lower, upper, expected)
