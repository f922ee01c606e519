"""Bounds of a share of n that were tested, without a normal approximation where it is wrong.

Belongs here: published formulas on arrays. Does not: which isolates are counted, and how few are too few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from models.rates.exact import LEVEL

Floats = NDArray[np.float64]


def exact_share(count: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper bound of a share by the exact tails of the binomial.

    NaN where nothing was tested, or the count is missing, negative or larger than `n`.
    Source: Clopper and Pearson 1934, Biometrika 26:404-413.
    """
    k, m, is_defined = _defined(count, n)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        lower = np.where(k > 0, special.betaincinv(np.maximum(k, 1e-300), m - k + 1, tail), 0.0)
        upper = np.where(k < m, special.betaincinv(k + 1, np.maximum(m - k, 1e-300), 1 - tail), 1.0)
    return np.where(is_defined, lower, np.nan), np.where(is_defined, upper, np.nan)


def score_share(count: ArrayLike, n: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper bound of a share by the score test. NaN as for `exact_share`.

    Source: Wilson 1927, J Am Stat Assoc 22:209-212.
    """
    k, m, is_defined = _defined(count, n)
    z = special.ndtri((1 + level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = (k + z**2 / 2) / (m + z**2)
        half = z / (m + z**2) * np.sqrt(np.maximum(k * (m - k) / m + z**2 / 4, 0))
    lower, upper = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    return np.where(is_defined, lower, np.nan), np.where(is_defined, upper, np.nan)


def _defined(count: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    k, m = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(n, dtype=float))
    return k, m, (m > 0) & (k >= 0) & (k <= m)
