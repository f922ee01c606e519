"""Borrowing: the ratio of a pair is shrunk towards what its siblings say, not towards 1.

n ~ Poisson(ratio E); ratio ~ Gamma with mean mu and shape a, mu log-linear in the ratios of the class, of the terms of
the group, of the same molecule in another kingdom, and in who lists it. Weights and shape are fitted by the likelihood
of the counts, given that a pair is looked at from `FEWEST` reports on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaincinv, gammaln

from models.evaluation.features import FEATURES
from models.evaluation.known import FEWEST, Floats

FROM = ("near_class", "near_group", "near_species", "listed_class", "listed_group", "listed_species")
LEAST_EXPECTED = 1e-3
PENALTY = 1.0  # of squared weights, in units of log likelihood


@dataclass(frozen=True)
class Borrowed:
    """Fitted prior: intercept and weights (log2 for log2 ratios) by `FROM`, and shape."""

    intercept: float
    weights: Floats
    shape: float

    def prior_mean(self, x: Floats) -> Floats:
        """Ratio that the siblings lead to expect (R,), from features (R, len(FEATURES))."""
        return np.exp(np.clip(self.intercept + x[:, _PLACES] @ self.weights, -6, 6))

    def lower(self, n: Floats, expected: Floats, x: Floats, level: float = 0.05) -> Floats:
        """Log of the quantile of the ratio given the pair's reports (R,)."""
        rate = self.shape / self.prior_mean(x) + np.maximum(expected, LEAST_EXPECTED)
        counts, at = np.unique(n, return_inverse=True)
        return np.asarray(np.log(gammaincinv(self.shape + counts, level))[at] - np.log(rate))

    def mean(self, n: Floats, expected: Floats, x: Floats) -> Floats:
        """Mean of the ratio given the pair's reports (R,)."""
        return (self.shape + n) / (self.shape / self.prior_mean(x) + np.maximum(expected, LEAST_EXPECTED))


_PLACES = [FEATURES.index(name) for name in FROM]


def fit(n: Floats, expected: Floats, x: Floats, weight: Floats, names: Sequence[str] = FROM) -> Borrowed:
    """Fit intercept, weights and shape by the likelihood of counts truncated below `FEWEST`; `names` are used."""
    expected = np.maximum(expected, LEAST_EXPECTED)
    used = np.array([name in names for name in FROM], dtype=float)
    z = x[:, _PLACES] * used

    def loss(parameters: Floats) -> float:
        shape = np.exp(parameters[-1])
        mean = np.exp(np.clip(parameters[0] + z @ parameters[1:-1], -6, 6)) * expected
        q = shape / (shape + mean)

        def log_chance(k: Floats | float) -> Floats:
            return (
                gammaln(shape + k) - gammaln(shape) - gammaln(np.asarray(k) + 1) + shape * np.log(q) + k * np.log1p(-q)
            )

        left = np.clip(1 - sum(np.exp(log_chance(float(k))) for k in range(FEWEST)), 1e-12, 1.0)
        total = float((weight * (log_chance(n) - np.log(left))).sum())
        return (PENALTY * float((parameters[1:-1] ** 2).sum()) - total) / float(weight.sum())

    found = minimize(loss, np.r_[0.0, np.full(len(FROM), 0.05), np.log(2.0)], method="L-BFGS-B")
    return Borrowed(float(found.x[0]), found.x[1:-1] * used, float(np.exp(found.x[-1])))
