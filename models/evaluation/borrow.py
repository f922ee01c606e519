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
from scipy.stats import nbinom

from models.evaluation.features import FEATURES
from models.evaluation.known import FEWEST, Floats, Ints

FROM = ("near_class", "near_group", "near_species", "listed_class", "listed_group", "listed_species")
LEAST_EXPECTED = 1e-3
PENALTY = 1.0  # of squared weights, in units of log likelihood
PENALTY_OF_LATER = 100.0  # where later counts, few and of few substances, are fitted
SHAPE_OF_IC = 0.5


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


def fit_to_later(
    n: Floats,
    expected: Floats,
    x: Floats,
    later_n: Floats,
    later_expected: Floats,
    substance: Ints,
    names: Sequence[str] = FROM,
) -> Borrowed:
    """Fit the prior mean by how well the mean ratio given `n` foretells the counts that came after; `names` are used.

    later_n ~ negative binomial about level x mean x later_expected; level and dispersion are fitted beside and dropped.
    The shape is that of the IC (Norén 2013), so that without weights the mean is the IC's. A substance counts as the
    root of its rows: those with many, which share a history, say little more than those with few.
    """
    expected = np.maximum(expected, LEAST_EXPECTED)
    later_expected = np.maximum(later_expected, LEAST_EXPECTED)
    used = np.array([name in names for name in FROM], dtype=float)
    z = x[:, _PLACES] * used
    _, of, rows = np.unique(substance, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(rows[of])
    weight *= n.size / weight.sum()

    def loss(parameters: Floats) -> float:
        level, size = np.exp(parameters[-2:])
        prior = np.exp(np.clip(parameters[0] + z @ parameters[1:-2], -6, 6))
        mean = level * later_expected * (SHAPE_OF_IC + n) / (SHAPE_OF_IC / prior + expected)
        total = float((weight * nbinom.logpmf(later_n, size, size / (size + mean))).sum())
        return (PENALTY_OF_LATER * float((parameters[:-2] ** 2).sum()) - total) / n.size

    found = minimize(loss, np.zeros(len(FROM) + 3), method="L-BFGS-B", bounds=[(-6, 6)] * (len(FROM) + 3))
    return Borrowed(float(found.x[0]), found.x[1:-2] * used, SHAPE_OF_IC)
