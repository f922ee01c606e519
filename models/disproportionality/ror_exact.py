"""Conditional maximum-likelihood odds ratio with Fisher's exact interval, from the non-central hypergeometric
distribution."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from models.disproportionality.counts import Cells, Floats
from models.disproportionality.prr import Ratio

_WHOLE_UP_TO = 10_000  # counts that a margin allows: all are added up, in the steps that R takes
_DEVIATIONS = 12.0
_NEGLIGIBLE = 1e-16
_MACHINE = float(np.finfo(float).eps)
R_TOLERANCE = _MACHINE**0.25
"""Where R's uniroot stops by default (1.2e-4, absolute), which shows in the third digit of wide bounds."""


def ror_exact(cells: Cells, level: float = 0.95, tolerance: float = 0.0) -> Ratio:
    """Conditional MLE of the odds ratio and the exact bounds of Fisher's test (no unit).

    With all margins fixed a follows the non-central hypergeometric distribution with the odds ratio as parameter; the
    estimate makes its mean equal to a, the bounds leave (1-level)/2 in the upper (lower) tail including a. a at the
    least possible value gives 0 with lower bound 0; at the greatest, estimate and upper bound are infinite and NaN
    here. `tolerance` is the absolute error allowed in the odds ratio, or in its inverse above 1; `R_TOLERANCE`
    reproduces the digits of R's fisher.test and of DiAna (where no margin leaves more than 10,000 choices).

    Of large tables only the counts around a are added up, as many as grow with the square root of the counts; what is
    left out is bounded by a geometric series and below 1e-16 of the whole, else more are taken.

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

    half = _half_width(a, row, column, total) if most - least > _WHOLE_UP_TO else most - least

    def solve(increasing: Callable[[Floats, Floats], float]) -> float:
        return _odds(Window.around(a, row, column, total, half), increasing, tolerance)

    estimate = 0.0 if a == least else np.nan if a == most else solve(lambda p, offset: float(p @ offset))
    lower = 0.0 if a == least else solve(lambda p, offset: float(p[offset >= 0].sum()) - tail)
    upper = np.nan if a == most else solve(lambda p, offset: tail - float(p[offset <= 0].sum()))
    return estimate, lower, upper


def _half_width(a: float, row: float, column: float, total: float) -> float:
    """Twelve standard deviations, and some more for the skew of small counts."""
    cells = np.array([a, row - a, column - a, total - row - column + a]) + 0.5
    return float(np.ceil(_DEVIATIONS / np.sqrt((1 / cells).sum())) + _DEVIATIONS**2)


def _odds(window: Window, increasing: Callable[[Floats, Floats], float], tolerance: float) -> float:
    """Odds ratio at which a function of the distribution, which increases in it, is 0; the window grows as needed."""

    def at(odds: float) -> float:
        return increasing(window.probabilities(odds), window.offset)

    odds = _odds_at_root(at, tolerance) if tolerance else float(np.exp(_log_odds_at_root(at, window)))
    if window.left_out(odds) <= _NEGLIGIBLE:
        return odds
    return _odds(window.wider(), increasing, tolerance)


def _log_odds_at_root(increasing: Callable[[float], float], window: Window) -> float:
    """Root sought from where a is the most likely count, in steps that double."""
    middle, step = -window.slope, 4 / np.sqrt(window.offset.size)
    low = high = middle
    while increasing(float(np.exp(low))) > 0:
        low, step = low - step, 2 * step
    while increasing(float(np.exp(high))) < 0:
        high, step = high + step, 2 * step
    if low == high:
        return low
    return float(brentq(lambda x: increasing(float(np.exp(x))), low, high, xtol=1e-15, rtol=4 * _MACHINE))


@dataclass(frozen=True)
class Window:
    """The counts that can have a share worth adding, as offsets from a, and their weights in logarithms.

    `log_weight` is that of the odds ratio `exp(-slope)`, at which a and a+1 weigh the same: near it nothing cancels,
    however large the counts. `before` and `after` are the logarithms of the ratio of weights beyond either end, minus
    infinity where the margins allow no more.
    """

    table: tuple[float, float, float, float]  # a, row, column, total
    half: float
    offset: Floats
    log_weight: Floats
    slope: float
    before: float
    after: float

    @classmethod
    def around(cls, a: float, row: float, column: float, total: float, half: float) -> Window:
        """Weights of all counts within `half` of a that the margins allow."""

        def log_ratio(k: Floats) -> Floats:
            """ln of the weight of k+1 over that of k, at an odds ratio of 1; it falls as k rises."""
            with np.errstate(divide="ignore"):
                return np.log((row - k) * (column - k)) - np.log((k + 1) * (total - row - column + k + 1))

        low = max(0.0, row + column - total, a - half)
        high = min(row, column, a + half)
        ratios = log_ratio(np.arange(low - 1, high + 1))
        at = int(a - low)
        inner = ratios[1:-1]
        slope = float(inner[min(at, inner.size - 1)])
        centred = inner - slope
        left, right = -np.cumsum(centred[:at][::-1])[::-1], np.cumsum(centred[at:])
        weights = np.concatenate([left, [0.0], right])
        offset = np.arange(low - a, high - a + 1)
        return cls((a, row, column, total), half, offset, weights, slope, -float(ratios[0]), float(ratios[-1]))

    def wider(self) -> Window:
        """Twice as wide."""
        return Window.around(*self.table, 2 * self.half)

    def probabilities(self, odds: float) -> Floats:
        """Distribution over the window at an odds ratio."""
        if odds == 0:
            return np.asarray(self.offset == self.offset[0], dtype=float)
        log_p = self.log_weight + (np.log(odds) + self.slope) * self.offset
        p = np.exp(log_p - log_p.max())
        return p / p.sum()

    def left_out(self, odds: float) -> float:
        """Bound of the share beyond the window: weights fall at least geometrically, since their ratios do fall."""
        p, log_odds = self.probabilities(odds), np.log(odds) if odds > 0 else -np.inf
        ratios = np.exp(np.array([self.before - log_odds, self.after + log_odds]))
        if np.any(ratios >= 1):
            return np.inf
        return float((p[[0, -1]] * ratios / (1 - ratios)).sum())


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
