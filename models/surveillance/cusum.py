"""Cumulative sums: small lasting shifts that no single period shows.

Source: Rossi, Lampugnani, Marchi 1999, Stat Med 18:2111-2122 (CUSUM of standardised counts); Höhle and Paul 2008,
Comput Stat Data Anal 52:4357-4368 (Poisson likelihood ratio).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import kl_div

from models.result import result

REFERENCE, DECISION = 1.04, 2.26  # k and h for an in-control run length of 500 at a shift of one standard deviation
GLR_DECISION = 5.0


def cusum(
    counts: ArrayLike, mean: float | None = None, start: int = 0, k: float = REFERENCE, h: float = DECISION
) -> pl.DataFrame:
    """Sum standardised excesses (n - m) / sqrt(m) - k from period `start` on, never below 0; a signal is a sum >= h.

    `mean` defaults to that of the periods before `start`. `estimate` is the sum, `upper` the smallest count that would
    have signalled.

    Raises:
        ValueError: no mean given and no period before `start`, or a mean that is not positive.
    """
    n = np.asarray(counts, dtype=float)
    if mean is None:
        if start < 1:
            raise ValueError("give a mean, or periods before the start to take it from")
        mean = float(n[:start].mean())
    if not mean > 0:
        raise ValueError("the mean count is 0: nothing to standardise by")
    sums, needed = np.zeros(n.size - start), np.zeros(n.size - start)
    before = 0.0
    for i, x in enumerate(n[start:]):
        needed[i] = max(0.0, np.ceil(mean + np.sqrt(mean) * (h + k - before) - 1e-12))
        before = max(0.0, before + (x - mean) / np.sqrt(mean) - k)
        sums[i] = before
    keys = pl.DataFrame({"period": np.arange(start, n.size), "count": n[start:], "mean": np.full(sums.size, mean)})
    return result("cusum", f"sum >= {h:g} (k = {k:g})", sums, upper=needed, is_signal=sums >= h, keys=keys)


def poisson_shift(counts: ArrayLike, expected: ArrayLike, log_ratio: float, h: float = GLR_DECISION) -> pl.DataFrame:
    """Likelihood ratio CUSUM for counts that rise from expected to expected x exp(log_ratio) at an unknown time.

    Each period adds n log_ratio - (exp(log_ratio) - 1) expected; the sum never falls below 0 and starts anew after a
    signal, which is a sum >= h. `estimate` is the sum.

    Raises:
        ValueError: log_ratio 0, or an expected count that is not positive.
    """
    n, e = np.broadcast_arrays(np.asarray(counts, float), np.asarray(expected, float))
    if log_ratio == 0 or not np.all(e > 0):
        raise ValueError("need a shift other than 0 and positive expected counts")
    gains = n * log_ratio - np.expm1(log_ratio) * e
    sums, before = np.zeros(n.size), 0.0
    for i, gain in enumerate(gains):
        before = max(0.0, before + gain)
        sums[i] = before
        before = 0.0 if before >= h else before
    keys = pl.DataFrame({"period": np.arange(n.size), "count": n, "expected": e})
    return result("poisson_cusum", f"likelihood ratio >= {h:g}", sums, is_signal=sums >= h, keys=keys)


def poisson_glr(counts: ArrayLike, expected: ArrayLike, h: float = GLR_DECISION) -> pl.DataFrame:
    """Generalised likelihood ratio for a rise of unknown size at an unknown time.

    The largest, over start times, of sum(n) ln(sum(n) / sum(expected)) - (sum(n) - sum(expected)), where more came than
    expected; a signal is a ratio >= h. `estimate` is the ratio.
    """
    n, e = np.broadcast_arrays(np.asarray(counts, float), np.asarray(expected, float))
    if not np.all(e > 0):
        raise ValueError("need positive expected counts")
    ratios, start = np.zeros(n.size), 0
    for i in range(n.size):
        c, m = np.cumsum(n[start : i + 1][::-1]), np.cumsum(e[start : i + 1][::-1])
        ratios[i] = np.where(c > m, kl_div(c, m), 0.0).max()
        start = i + 1 if ratios[i] >= h else start
    keys = pl.DataFrame({"period": np.arange(n.size), "count": n, "expected": e})
    return result("poisson_glr", f"likelihood ratio >= {h:g}", ratios, is_signal=ratios >= h, keys=keys)
