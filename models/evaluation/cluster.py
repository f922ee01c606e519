"""Very small numbers: how surprising the reports of the last months are, by the exact Poisson tail.

Four cases of a rare reaction to a scarcely reported product are a signal before any ratio has an interval. The expected
count of the window is that of its own margins without the pair, so that a cluster does not expect itself.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from models.evaluation.known import Floats, Sums

FEWEST = 4  # cases that are a cluster
LEAST_EXPECTED = 0.02  # of a window: what no reports can promise is not below it


def exact_recent(sums: Sums) -> Floats:
    """-log10 of the chance of as many reports as in the last 6 months, or more (R,)."""
    n, substance, event, total = sums.short
    expected = substance * np.maximum(event - n, 0.0) / np.maximum(total - n, 1.0)
    return np.asarray(-poisson.logsf(n - 1, np.maximum(expected, LEAST_EXPECTED)) / np.log(10))


def alerts(sums: Sums, threshold: float) -> np.ndarray:
    """Which pairs have `FEWEST` cases in the window, and are as surprising as the threshold."""
    return (sums.short[0] >= FEWEST) & (exact_recent(sums) >= threshold)
