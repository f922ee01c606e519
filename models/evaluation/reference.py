"""What is true of a pair, for training and judging: the only place where truth meets what was known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.evaluation.known import Ints, Sums

NEITHER = -1  # label of a pair that is judged neither way: its onset is to come, or its effect is too small to be true


@dataclass(frozen=True)
class Reference:
    """Truth of one domain, arrays (S, E): whether true, whether judged neither way, month of onset, month public.

    family: code of the family that the pair belongs to, -1 for none.
    """

    is_true: NDArray[np.bool_]
    is_neither: NDArray[np.bool_]
    onset: Ints
    public_from: Ints
    family: Ints

    def labels(self, sums: Sums) -> Ints:
        """Return 1 for a true pair from its onset on, `NEITHER`, or 0 (R,). A recognised pair is not in `sums`."""
        s, e = sums.substance, sums.event
        is_true = self.is_true[s, e]
        neither = self.is_neither[s, e] | (is_true & (self.onset[s, e] > sums.month))
        return np.where(neither, NEITHER, is_true.astype(np.int64))

    def left(self, sums: Sums) -> Ints:
        """Months until the pair is public (R,)."""
        return np.asarray(self.public_from[sums.substance, sums.event] - sums.month)
