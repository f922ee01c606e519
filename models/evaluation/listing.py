"""One ranked list a month: the strongest pairs that were on no list before, as many as are reviewed.

And what tells whether the scores may still be believed: how far the features are from those of training, and whether
what was scored high came true.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.evaluation.burden import strongest
from models.evaluation.combined import BINS, Seen
from models.evaluation.known import Floats, Ints
from models.evaluation.metrics import calibration_slope

LEAST_SHARE = 1e-4  # that a bin is taken to have: an empty one says no more than that it is rare
FEWEST = 20  # pairs that came true, and that did not, for a slope to be told


@dataclass
class Lists:
    """Lists of one agency, month after month; a pair is listed once."""

    a_month: int
    listed: set[int] = field(default_factory=set)

    def of_month(self, score: Floats, n: Ints, pair: Ints) -> Ints:
        """Places of the rows that the month lists, in their order; rows without a score (NaN) are none."""
        new = np.flatnonzero(~np.isnan(score) & ~np.isin(pair, np.fromiter(self.listed, np.int64, len(self.listed))))
        best = new[strongest(score[new], n[new], pair[new], self.a_month)]
        self.listed.update(pair[best].tolist())
        return best


def drift(counts: Floats, seen: Seen) -> Floats:
    """Population stability index of each feature (F,): 0 alike, below 0.1 hardly, above 0.25 much different.

    counts: rows in each bin of each feature (F, BINS). Source: Siddiqi 2006, Credit Risk Scorecards.
    """
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    now, then = (np.maximum(s, LEAST_SHARE) for s in (share, seen.shares))
    return np.asarray(((now - then) * np.log(now / then)).sum(axis=1))


def counted(x: Floats, seen: Seen) -> Floats:
    """Rows (R, F) in each bin of each feature (F, BINS)."""
    return np.array(
        [np.bincount(np.searchsorted(b, c), minlength=BINS)[:BINS] for b, c in zip(seen.bounds, x.T, strict=True)],
        dtype=float,
    )


def slope(score: Floats, came_true: NDArray[np.bool_]) -> float:
    """Calibration slope of scores in log odds; NaN where too few came true, or did not."""
    few = min(int(came_true.sum()), int((~came_true).sum())) < FEWEST
    return float("nan") if few else calibration_slope(score, came_true)
