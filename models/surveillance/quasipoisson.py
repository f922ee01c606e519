"""Quasi-Poisson regression on the log scale by iterated weighted least squares; past outbreaks weighted down.

Sources: McCullagh and Nelder 1989, Generalized Linear Models, ch. 2 and 6; weights by Anscombe residuals: Farrington,
Andrews, Beale, Catchpole 1996, J R Stat Soc A 159:547-563.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Floats = NDArray[np.float64]
Errors = Literal["pearson", "working"]
_STEPS = 100


@dataclass(frozen=True)
class Fit:
    """A quasi-Poisson fit; `variance` is what the unscaled covariance is multiplied by for standard errors."""

    beta: Floats
    covariance: Floats
    mean: Floats
    leverage: Floats
    dispersion: float
    variance: float
    free: int

    def predicted(self, row: Floats) -> tuple[float, float]:
        """Mean at a row of the design, and its standard error."""
        mean = float(np.exp(row @ self.beta))
        return mean, mean * float(np.sqrt(row @ self.covariance @ row * self.variance))


def fitted(design: Floats, y: Floats, residual_limit: float, errors: Errors) -> Fit | None:
    """Fit, weight counts with an Anscombe residual above `residual_limit` down, fit again.

    None where a fit does not converge, or has no more points than parameters.
    """
    first = _regression(design, y, np.ones(y.size), errors)
    if first is None:
        return None
    spread = first.mean ** (1 / 6) * np.sqrt(first.dispersion * np.maximum(1 - first.leverage, 1e-12))
    residual = 1.5 * (y ** (2 / 3) - first.mean ** (2 / 3)) / spread
    weight = np.where(residual > residual_limit, np.maximum(residual, 1e-12) ** -2, 1.0)
    return _regression(design, y, weight * y.size / weight.sum(), errors)


def _regression(design: Floats, y: Floats, weight: Floats, errors: Errors) -> Fit | None:
    eta, deviance, free = np.log(y + 0.1), np.inf, y.size - design.shape[1]
    if free < 1:
        return None
    for _ in range(_STEPS):
        mean = np.exp(eta)
        working = weight * mean
        try:
            inverse = np.linalg.inv(design.T @ (design * working[:, None]))
        except np.linalg.LinAlgError:
            return None
        beta = inverse @ (design.T @ (working * (eta + (y - mean) / mean)))
        eta = np.clip(design @ beta, -30, 40)
        last, deviance = deviance, 2 * float((weight * (xlogy(y, y) - y * eta - y + np.exp(eta))).sum())
        if abs(last - deviance) < 1e-12 * (0.1 + abs(deviance)):
            break
    else:
        return None
    mean = np.exp(eta)
    leverage = weight * mean * ((design @ inverse) * design).sum(axis=1)
    dispersion = max(1.0, float((weight * (y - mean) ** 2 / mean).sum()) / free)
    working_variance = float((weight * (y / mean - 1) ** 2).sum()) / free
    variance = dispersion if errors == "pearson" else working_variance
    return Fit(beta, np.asarray(inverse, float), mean, leverage, dispersion, variance, free)
