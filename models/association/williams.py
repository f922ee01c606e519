"""Logistic regression of shares on one exposure, where shares vary more between places than binomial counts would.

Sources: Williams 1982, Appl Stat 31:144-148, model II; the inter-agency reports on consumption and resistance (JIACRA
IV 2024), which fit it as R's aod 1.3 does (`quasibin`), one place a row. Ecological: it says nothing of a person.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, log_expit, ndtr

Floats = NDArray[np.float64]
Form = Literal["linear", "log", "quadratic"]

OFFSET = 0.001
Z = 1.96  # as printed by JIACRA; not the quantile to all its digits
FIRST_PHI, TOLERANCE = 1e-4, 1e-3
FORMS: dict[Form, Callable[[Floats], Floats]] = {
    "linear": lambda x: x,
    "log": lambda x: np.log2(x + OFFSET),
    "quadratic": np.square,
}
"""What of the exposure x the log odds are linear in: odds ratios are per unit, per doubling, per unit of the square."""
FEWEST = {"as_printed": 0, "as_written": 10}
"""Isolates that a place needs. JIACRA IV writes that places under 10 are left out; its printed figures hold them."""
_FIT_STEPS, _PHI_STEPS = 50, 10_000


@dataclass(frozen=True)
class Association:
    """Odds ratio of resistance with the exposure; where it can't be computed, NaN and the reason.

    `log_likelihood` is that of the plain binomial fit, but for constants: all forms have two parameters, so that the
    form of the largest is the one of least AIC, by which JIACRA chooses.
    """

    n_places: int
    odds_ratio: float = np.nan
    lower: float = np.nan
    upper: float = np.nan
    p_value: float = np.nan
    phi: float = np.nan
    log_likelihood: float = np.nan
    reason: str = ""


@dataclass(frozen=True)
class _Fit:
    beta: Floats
    covariance: Floats
    chi_squared: float
    log_likelihood: float  # but for the binomial coefficients, equal in all forms


def association(
    exposure: ArrayLike, n_resistant: ArrayLike, n_tested: ArrayLike, form: Form, fewest: int = 0
) -> Association:
    """Odds ratio of one form of the exposure, interval at 1.96 standard errors, two-sided p of the normal.

    Weights are `1 / (1 + phi (n - 1))`; phi is that at which Pearson's chi-squared is the degrees of freedom, reached
    as aod does: from 0.0001, times chi-squared over the degrees of freedom until their difference is at most 0.001.

    `exposure` (per place), `n_resistant` and `n_tested` (isolates) have one shape, (places,). Places where one is
    missing, nothing was tested, or fewer than `fewest` were, are left out.

    Raises:
        ValueError: a share above 1, a count or an exposure below 0.
    """
    x, y, n = _usable(exposure, n_resistant, n_tested, fewest)
    if reason := _why_not(x, y, n):
        return Association(x.size, reason=reason)
    design = np.column_stack([np.ones(x.size), FORMS[form](x)])
    free = x.size - design.shape[1]
    phi, fit = FIRST_PHI, _fitted(design, y, n, np.ones(x.size))
    plain = fit.log_likelihood if fit else np.nan
    for _ in range(_PHI_STEPS):
        if fit is None or fit.chi_squared - free <= TOLERANCE:
            break
        phi *= fit.chi_squared / free
        fit = _fitted(design, y, n, 1 / (1 + (n - 1) * phi))
    fit = fit and _fitted(design, y, n, 1 / (1 + (n - 1) * phi))
    if fit is None:
        return Association(x.size, reason="the fit does not converge: resistance may be told apart by the exposure")
    slope, error = float(fit.beta[1]), float(np.sqrt(fit.covariance[1, 1]))
    with np.errstate(over="ignore"):
        ratio, lower, upper = np.exp([slope, slope - Z * error, slope + Z * error])
    p_value = 2 * ndtr(-abs(slope / error))
    return Association(x.size, float(ratio), float(lower), float(upper), float(p_value), phi, plain)


def _usable(
    exposure: ArrayLike, n_resistant: ArrayLike, n_tested: ArrayLike, fewest: int
) -> tuple[Floats, Floats, Floats]:
    x, y, n = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (exposure, n_resistant, n_tested)))
    if np.any(y > n) or np.any(y < 0) or np.any(x < 0):
        raise ValueError("more resistant isolates than tested ones, or a count or exposure below 0")
    kept = np.isfinite(x) & np.isfinite(y) & (n >= max(fewest, 1)) & np.isfinite(n)
    return x[kept], y[kept], n[kept]


def _why_not(x: Floats, y: Floats, n: Floats) -> str:
    if x.size < 3:
        return "fewer than three places"
    if np.ptp(x) == 0:
        return "the exposure is the same everywhere"
    if not 0 < y.sum() < n.sum():
        return "no isolate is resistant" if y.sum() == 0 else "every isolate is resistant"
    return ""


def _fitted(design: Floats, y: Floats, n: Floats, weight: Floats) -> _Fit | None:
    """Weighted binomial regression by iterated least squares; None where it does not converge."""
    scale = np.abs(design).max(axis=0)
    scaled = design / scale
    eta = np.log((y + 0.5) / (n - y + 0.5))
    beta = np.full(design.shape[1], np.inf)
    for _ in range(_FIT_STEPS):
        share = expit(eta)
        variance = n * share * expit(-eta)
        if not np.all(variance > 0):
            return None
        normal = scaled.T @ ((weight * variance)[:, None] * scaled)
        try:
            covariance = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            return None
        before, beta = beta, covariance @ (scaled.T @ (weight * (variance * eta + y - n * share)))
        eta = scaled @ beta
        if np.max(np.abs(beta - before)) <= 1e-10 * (1 + np.max(np.abs(beta))):
            break
    else:
        return None
    share = expit(eta)
    variance = n * share * expit(-eta)
    chi_squared = float(np.sum(weight * (y - n * share) ** 2 / variance))
    log_likelihood = float(np.sum(y * log_expit(eta) + (n - y) * log_expit(-eta)))
    return _Fit(beta / scale, covariance / np.outer(scale, scale), chi_squared, log_likelihood)
