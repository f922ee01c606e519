"""Upper quantiles of counts, by bisection: scipy's search for them may not end, or aborts, where counts are wild."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammainc

Floats = NDArray[np.float64]
LARGEST = 2.0**53  # beyond, counts can no longer be told from their neighbours


def negative_binomial_upper(alpha: float, size: ArrayLike, chance: ArrayLike) -> Floats:
    """Smallest counts that a negative binomial exceeds with a probability of at most `alpha`; infinite beyond 2^53.

    `size` (above 0) and `chance` of success (0 to 1) are of one shape. P(X > k) is the regularised incomplete beta
    function I_{1-p}(k + 1, size). NaN where an argument is.

    Source: Johnson, Kemp, Kotz 2005, Univariate Discrete Distributions, 5.6.
    """
    r, p = np.broadcast_arrays(np.asarray(size, dtype=float), np.asarray(chance, dtype=float))
    return _smallest(lambda k, at: betainc(k + 1, r[at], 1 - p[at]), alpha, np.isfinite(r) & np.isfinite(p))


def poisson_upper(alpha: float, mean: ArrayLike) -> Floats:
    """Smallest counts that Poissons of these means exceed with a probability of at most `alpha`; infinite beyond 2^53.

    P(X > k) is the regularised incomplete gamma function P(k + 1, mean). NaN where a mean is.
    """
    m = np.asarray(mean, dtype=float)
    return _smallest(lambda k, at: gammainc(k + 1, m[at]), alpha, np.isfinite(m))


def _smallest(beyond: Callable[[Floats, NDArray[np.bool_]], Floats], alpha: float, known: NDArray[np.bool_]) -> Floats:
    """Bisect where the chance to be beyond a count falls to `alpha`; `beyond` gets counts and where they stand."""
    found = np.full(known.shape, np.nan)
    n = int(known.sum())
    low, high = np.full(n, -1.0), np.full(n, LARGEST)  # exceeded too often; not too often, as far as is known
    while (high - low > 1).any():
        middle = np.floor((low + high) / 2)
        fits = beyond(middle, known) <= alpha
        low, high = np.where(fits, low, middle), np.where(fits, middle, high)
    found[known] = np.where(high == LARGEST, np.inf, high)
    return found
