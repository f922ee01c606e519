"""Cumulative sums: small lasting shifts that no single period shows.

A period that can't be used (its count, or what is expected of it, is missing, negative or too large) leaves the sum as
it was, and its row says why.

Source: Rossi, Lampugnani, Marchi 1999, Stat Med 18:2111-2122 (CUSUM of standardised counts); Höhle and Paul 2008,
Comput Stat Data Anal 52:4357-4368 (Poisson likelihood ratio).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import kl_div

from models.result import result
from models.surveillance.series import read

REFERENCE, DECISION = 1.04, 2.26  # Rossi's k and h: about 500 periods to a false signal (531 where counts are normal)
GLR_DECISION = 5.0


def cusum(
    counts: ArrayLike, mean: float | None = None, start: int = 0, k: float = REFERENCE, h: float = DECISION
) -> pl.DataFrame:
    """Sum standardised excesses (n - m) / sqrt(m) - k from period `start` on, never below 0; a signal is a sum >= h.

    `mean` defaults to that of the periods before `start`; where it is 0 nothing is computed. `estimate` is the sum,
    `upper` the smallest count that would have signalled.

    Raises:
        ValueError: no mean given and no count before `start`, a start beyond the series, or a mean that is negative or
            no number.
    """
    n, _, reasons = read(counts)
    if not 0 <= start < n.size:
        raise ValueError(f"can't start at period {start + 1} of a series of {n.size}")
    if mean is None:
        before_start = [x for x, why in zip(n[:start], reasons[:start], strict=True) if why is None]
        if not before_start:
            raise ValueError("give a mean, or counts before the start to take it from")
        mean = float(np.mean(before_start))
    if not 0 <= mean < np.inf:
        raise ValueError(f"a mean count can't be {mean}")
    sums, needed = np.zeros(n.size - start), np.zeros(n.size - start)
    before, spread = 0.0, np.sqrt(mean) if mean > 0 else 1.0
    if mean == 0:
        reasons = [why or "the mean count is 0: nothing to standardise by" for why in reasons]
    for i, (x, why) in enumerate(zip(n[start:], reasons[start:], strict=True)):
        needed[i] = max(0.0, np.ceil(mean + spread * (h + k - before) - 1e-12))
        before = before if why else max(0.0, before + (x - mean) / spread - k)
        sums[i] = before
    shown = np.asarray(counts, float)[start:]
    keys = pl.DataFrame({"period": np.arange(start, n.size), "count": shown, "mean": np.full(sums.size, mean)})
    return result(
        "cusum",
        f"sum >= {h:g} (k = {k:g})",
        sums,
        upper=needed,
        is_signal=sums >= h,
        not_computed=reasons[start:],
        keys=keys,
    )


def poisson_shift(counts: ArrayLike, expected: ArrayLike, log_ratio: float, h: float = GLR_DECISION) -> pl.DataFrame:
    """Likelihood ratio CUSUM for counts that rise from expected to expected x exp(log_ratio) at an unknown time.

    Each period adds n log_ratio - (exp(log_ratio) - 1) expected; the sum never falls below 0 and starts anew after a
    signal, which is a sum >= h. `estimate` is the sum.

    Raises:
        ValueError: log_ratio 0.
    """
    if log_ratio == 0:
        raise ValueError("need a shift other than 0")
    n, e, reasons = read(counts, expected)
    gains = n * log_ratio - np.expm1(log_ratio) * e
    sums, before = np.zeros(n.size), 0.0
    for i, gain in enumerate(gains):
        before = max(0.0, before + gain)
        sums[i] = before
        before = 0.0 if before >= h else before
    return _answer("poisson_cusum", counts, expected, sums, h, reasons)


def poisson_glr(counts: ArrayLike, expected: ArrayLike, h: float = GLR_DECISION) -> pl.DataFrame:
    """Generalised likelihood ratio for a rise of unknown size at an unknown time.

    The largest, over start times, of sum(n) ln(sum(n) / sum(expected)) - (sum(n) - sum(expected)), where more came than
    expected; a signal is a ratio >= h, after which it starts anew. `estimate` is the ratio. A period where nothing is
    expected and nothing came leaves it as it was.
    """
    n, e, reasons = read(counts, expected)
    ratios, start = np.zeros(n.size), 0
    for i in range(n.size):
        c, m = np.cumsum(n[start : i + 1][::-1]), np.cumsum(e[start : i + 1][::-1])
        ratios[i] = np.where(c > m, kl_div(c, m), 0.0).max()
        start = i + 1 if ratios[i] >= h else start
    return _answer("poisson_glr", counts, expected, ratios, h, reasons)


def _answer(
    name: str, counts: ArrayLike, expected: ArrayLike, ratios: np.ndarray, h: float, reasons: list[str | None]
) -> pl.DataFrame:
    n, e = np.broadcast_arrays(np.asarray(counts, float), np.asarray(expected, float))
    keys = pl.DataFrame({"period": np.arange(n.size), "count": n, "expected": e})
    rule = f"likelihood ratio >= {h:g}"
    return result(name, rule, ratios, is_signal=ratios >= h, not_computed=reasons, keys=keys)
