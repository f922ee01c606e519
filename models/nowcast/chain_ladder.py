"""Chain ladder: what a month will hold once all its flows have come, and how sure that is.

Belongs here: factors, their variances, estimates and intervals, and the judgement of intervals. Does not: which months
and series, where the flows come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 0.95
FEWEST = 2  # months behind a factor

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Development:
    """How cumulative quantities grow from one lag to the next.

    factors: mean growth from lag k to k+1, weighted by quantity. variance: Mack's sigma squared of each. weights: the
    quantities behind each factor. months: rows behind each. All of length lags - 1; NaN where fewer than `FEWEST` rows
    show the step.
    """

    factors: Floats
    variance: Floats
    weights: Floats
    months: Floats

    def share_reported(self) -> Floats:
        """Share of the final quantity that has come by each lag; the last is 1."""
        growth = np.append(self.factors, 1.0)
        return np.asarray(1 / np.cumprod(growth[::-1])[::-1])


def develop(cumulative: ArrayLike) -> Development:
    """Fit growth from cumulative quantities: rows are months (or months of several series), columns lags, NaN to come.

    The variance of the last step, for which one month is too few, is Mack's: the least of the last two before it and
    their continued geometric decay.

    Source: Mack 1993, ASTIN Bulletin 23:213-225.
    """
    c = np.asarray(cumulative, dtype=float)
    n_lags = c.shape[1]
    factors, variance, weights = (np.full(n_lags - 1, np.nan) for _ in range(3))
    months = np.zeros(n_lags - 1)
    for k in range(n_lags - 1):
        seen = np.isfinite(c[:, k]) & np.isfinite(c[:, k + 1]) & (c[:, k] > 0)
        before, after = c[seen, k], c[seen, k + 1]
        if before.size == 0:
            continue
        weights[k], months[k] = before.sum(), before.size
        factors[k] = after.sum() / weights[k]
        if before.size >= FEWEST:
            variance[k] = (before * (after / before - factors[k]) ** 2).sum() / (before.size - 1)
    for k in range(n_lags - 1):
        if np.isfinite(factors[k]) and not np.isfinite(variance[k]) and k >= 2:
            a, b = variance[k - 2], variance[k - 1]
            variance[k] = min(b * b / a if a > 0 else 0.0, a, b)
    return Development(factors, variance, weights, months)


def nowcast(
    development: Development, observed: ArrayLike, lag: ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats, Floats, Floats]:
    """Final quantity of months seen up to a lag: estimate, lower and upper bound, standard error.

    Standard error: Mack's, process and estimation. For the bounds it is widened as Student's t is to the normal for the
    months behind the first factor on the way, since the variance is known from few of them. What is to come is taken as
    gamma distributed with that error, or as normal where regularisations make it shrink; of a month of which nothing
    has come, the bound is that of a Poisson count of zero. NaN where a factor on the way has too few months.
    """
    c, at = np.broadcast_arrays(np.asarray(observed, dtype=float), np.asarray(lag, dtype=int))
    estimate, error = c.copy(), np.zeros(c.shape)
    n_steps = development.factors.size
    for k in range(n_steps):
        is_open = at <= k
        f, s, w = development.factors[k], development.variance[k], development.weights[k]
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = s / f**2 * (1 / np.where(estimate > 0, estimate, np.nan) + 1 / w)
        error = np.where(is_open, error + relative, error)
        estimate = np.where(is_open, estimate * f, estimate)
    error = np.sqrt(error) * estimate
    months = np.append(development.months, np.inf)[np.minimum(at, n_steps)]
    freedom = np.maximum(months - 1, 1)
    wide = error * stats.t.ppf(0.5 + level / 2, freedom) / stats.norm.ppf(0.5 + level / 2)
    tail = (1 - level) / 2
    rest = estimate - c
    with np.errstate(divide="ignore", invalid="ignore"):
        shape, scale = (rest / wide) ** 2, wide**2 / rest
        bounds = np.stack([c + stats.gamma.ppf(q, shape, scale=scale) for q in (tail, 1 - tail)])
        normal = np.stack([stats.norm.ppf(q, estimate, wide) for q in (tail, 1 - tail)])
        share = np.append(development.share_reported(), 1.0)[np.minimum(at, n_steps + 1)]
        most = stats.gamma.ppf(1 - tail, 1) / share
    lower, upper = np.where(rest > 0, bounds, normal)
    is_done, is_none = at >= n_steps, (c <= 0) & (at < n_steps)
    lower, upper = np.where(is_done, c, lower), np.where(is_done, c, upper)
    lower, upper = np.where(is_none, np.minimum(c, 0), lower), np.where(is_none, most, upper)
    error = np.where(is_done, 0.0, np.where(is_none, np.nan, error))
    return estimate, lower, upper, error


def at_least(development: Development, other: Development) -> Development:
    """The same growth with no less variance than another's: for a sum whose own few months show too little of it."""
    variance = np.fmax(development.variance, other.variance)
    return Development(development.factors, variance, development.weights, development.months)


def as_seen(increments: ArrayLike, flow: int) -> Floats:
    """Cumulative quantities by lag as they stood when a flow had come.

    Rows of `increments` are months in their order, columns lags; the flow that shows month i at lag k is i + k. What
    came later is NaN.
    """
    given = np.asarray(increments, dtype=float)
    months, lags = np.indices(given.shape)
    return np.where(months + lags <= flow, np.cumsum(np.nan_to_num(given), axis=1), np.nan)
