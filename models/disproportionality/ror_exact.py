"""Conditional maximum-likelihood odds ratio with Fisher's exact interval, from the non-central hypergeometric
distribution."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaln

from models.disproportionality.counts import Cells, Floats
from models.disproportionality.prr import Ratio

_LOG_ODDS_LIMIT = 80.0  # exp(80) = 5.5e34: beyond any odds ratio that counts below 2^53 can give


def ror_exact(cells: Cells, level: float = 0.95) -> Ratio:
    """Conditional MLE of the odds ratio and the exact bounds of Fisher's test (no unit).

    With all margins fixed a follows the non-central hypergeometric distribution with the odds ratio as parameter; the
    estimate makes its mean equal to a, the bounds leave (1-level)/2 in the upper (lower) tail including a. a at the
    least possible value gives 0 with lower bound 0; at the greatest possible value estimate and upper bound are
    infinite, reported as NaN.

    Source: Fisher 1935; Cornfield 1956; the convention of R's fisher.test, used by DiAna 2.1.0.

    Raises:
        ValueError: `level` not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    table = np.stack([x.ravel() for x in (cells.a, cells.n_product, cells.n_event, cells.n_total)], axis=1)
    distinct, inverse = np.unique(table, axis=0, return_inverse=True)
    solved = np.array([_one(*map(float, row), tail=(1 - level) / 2) for row in distinct]).reshape(-1, 3)
    estimate, lower, upper = solved[inverse.ravel()].T
    shape = cells.a.shape
    return Ratio(estimate.reshape(shape), lower.reshape(shape), upper.reshape(shape))


def _one(a: float, row: float, column: float, total: float, *, tail: float) -> tuple[float, float, float]:
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

    def probabilities(log_odds: float) -> Floats:
        log_p = log_weight + log_odds * support
        p = np.exp(log_p - log_p.max())
        return p / p.sum()

    at = int(a - least)
    estimate = 0.0 if a == least else np.nan if a == most else _solve(lambda t: float(probabilities(t) @ support) - a)
    lower = 0.0 if a == least else _solve(lambda t: float(probabilities(t)[at:].sum()) - tail)
    upper = np.nan if a == most else _solve(lambda t: tail - float(probabilities(t)[: at + 1].sum()))
    return estimate, lower, upper


def _solve(increasing: Callable[[float], float]) -> float:
    """Odds ratio at the root of a function that increases in the log odds ratio."""
    return float(np.exp(brentq(increasing, -_LOG_ODDS_LIMIT, _LOG_ODDS_LIMIT, xtol=1e-12, rtol=1e-14)))
