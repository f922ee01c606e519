"""Conditional maximum-likelihood odds ratio with Fisher's exact interval, from the non-central hypergeometric
distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import gammaln

from models.disproportionality.counts import Cells, Floats
from models.disproportionality.prr import Ratio

_MACHINE = float(np.finfo(float).eps)
R_TOLERANCE = _MACHINE**0.25
"""Where R's uniroot stops by default (1.2e-4, absolute), which shows in the third digit of wide bounds."""


def ror_exact(cells: Cells, level: float = 0.95, tolerance: float = 0.0) -> Ratio:
    """Conditional MLE of the odds ratio and the exact bounds of Fisher's test (no unit).

    With all margins fixed a follows the non-central hypergeometric distribution with the odds ratio as parameter; the
    estimate makes its mean equal to a, the bounds leave (1-level)/2 in the upper (lower) tail including a. a at the
    least possible value gives 0 with lower bound 0; at the greatest, estimate and upper bound are infinite and NaN
    here. `tolerance` is the absolute error allowed in the odds ratio, or in its inverse above 1; `R_TOLERANCE`
    reproduces the digits of R's fisher.test and of DiAna.

    Source: Fisher 1935; Cornfield 1956; the convention of R's fisher.test, used by DiAna 2.1.0.

    Raises:
        ValueError: `level` not in (0, 1), or a negative tolerance.
    """
    if not 0 < level < 1 or tolerance < 0:
        raise ValueError(f"need a level in (0, 1) and tolerance >= 0, got {level} and {tolerance}")
    table = np.stack([x.ravel() for x in (cells.a, cells.n_product, cells.n_event, cells.n_total)], axis=1)
    distinct, inverse = np.unique(table, axis=0, return_inverse=True)
    solved = np.array([_one(*map(float, row), tail=(1 - level) / 2, tolerance=tolerance) for row in distinct])
    estimate, lower, upper = solved.reshape(-1, 3)[inverse.ravel()].T
    shape = cells.a.shape
    return Ratio(estimate.reshape(shape), lower.reshape(shape), upper.reshape(shape))


def _one(
    a: float, row: float, column: float, total: float, *, tail: float, tolerance: float
) -> tuple[float, float, float]:
    """Estimate, lower, upper of one table."""
    least, most = max(0.0, row + column - total), min(row, column)
    if least == most:
        return np.nan, np.nan, np.nan
    support = np.arange(least, most + 1)
    log_weight = -(
        gammaln(support + 1)
        + gammaln(row - support + 1)
        + gammaln(column - support + 1)
        + gammaln(total - row - column + support + 1)
    )

    def probabilities(odds: float) -> Floats:
        if odds == 0:
            return np.asarray(support == least, dtype=float)
        log_p = log_weight + np.log(odds) * support
        p = np.exp(log_p - log_p.max())
        return p / p.sum()

    def solve(increasing: Callable[[Floats], float]) -> float:
        return _odds_at_root(lambda odds: increasing(probabilities(odds)), tolerance)

    at = int(a - least)
    estimate = 0.0 if a == least else np.nan if a == most else solve(lambda p: float(p @ support) - a)
    lower = 0.0 if a == least else solve(lambda p: float(p[at:].sum()) - tail)
    upper = np.nan if a == most else solve(lambda p: tail - float(p[: at + 1].sum()))
    return estimate, lower, upper


def _odds_at_root(increasing: Callable[[float], float], tolerance: float) -> float:
    """Root of a function that increases in the odds ratio, sought in the odds below 1 and in their inverse above 1."""
    at_one = increasing(1.0)
    if at_one == 0:
        return 1.0
    if at_one > 0:
        return _brent(increasing, 0.0, 1.0, tolerance)
    nearest = _MACHINE if tolerance else 1e-30
    return 1 / _brent(lambda inverse: increasing(1 / inverse), nearest, 1.0, tolerance)


def _brent(function: Callable[[float], float], low: float, high: float, tolerance: float) -> float:
    """Brent's zeroin (netlib; R's uniroot): the same steps and stopping rule, so that R's digits can be reproduced."""
    a, b, fa, fb = low, high, function(low), function(high)
    if fa == 0:
        return a
    c, fc = a, fa
    for _ in range(1000):
        previous = b - a
        if abs(fc) < abs(fb):
            a, b, c, fa, fb, fc = b, c, b, fb, fc, fb
        least_step = 2 * _MACHINE * abs(b) + tolerance / 2
        step = (c - b) / 2
        if abs(step) <= least_step or fb == 0:
            return b
        if abs(previous) >= least_step and abs(fa) > abs(fb):
            step = _interpolated(a, b, c, fa, fb, fc, previous, least_step, step)
        if abs(step) < least_step:
            step = least_step if step > 0 else -least_step
        a, fa = b, fb
        b += step
        fb = function(b)
        if (fb > 0) == (fc > 0) and fb != 0:
            c, fc = a, fa
    raise ArithmeticError("no root found in 1000 steps")


def _interpolated(
    a: float, b: float, c: float, fa: float, fb: float, fc: float, previous: float, least_step: float, bisection: float
) -> float:
    """Secant or inverse quadratic step if it stays well inside the bracket, else the bisection step."""
    width, s = c - b, fb / fa
    if a == c:
        p, q = width * s, 1 - s
    else:
        u, t = fa / fc, fb / fc
        p, q = s * (width * u * (u - t) - (b - a) * (t - 1)), (u - 1) * (t - 1) * (s - 1)
    p, q = (p, -q) if p > 0 else (-p, q)
    inside = p < 0.75 * width * q - abs(least_step * q) / 2 and p < abs(previous * q / 2)
    return p / q if inside else bisection
