"""Empirical null and systematic error, from negative (and positive) controls. Ratios are natural logarithms.

Source: Schuemie, Ryan, DuMouchel, Suchard, Madigan 2014, Stat Med 33:209-218 (doi:10.1002/sim.5925); intervals:
Schuemie, Hripcsak, Ryan, Madigan, Suchard 2018, PNAS 115:2571-2577 (doi:10.1073/pnas.1708282114).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize
from scipy.stats import norm

from models.result import result

Floats = NDArray[np.float64]
FEWEST_CONTROLS = 5


class TooFewControls(ValueError):
    """Fewer usable controls than a distribution can be fitted to."""


@dataclass(frozen=True)
class Null:
    """Distribution of the bias: normal with this mean and standard deviation, from so many controls."""

    mean: float
    sd: float
    n: int
    log_likelihood: float


@dataclass(frozen=True)
class ErrorModel:
    """Bias as it grows with the true effect t: mean intercept + slope t, sd intercept + slope |t|."""

    mean_intercept: float
    mean_slope: float
    sd_intercept: float
    sd_slope: float

    @classmethod
    def of(cls, null: Null) -> ErrorModel:
        """Take the bias of the null for every true effect."""
        return cls(null.mean, 1.0, null.sd, 0.0)


def usable(log_rr: ArrayLike, se: ArrayLike) -> NDArray[np.bool_]:
    """Tell which estimates can serve: finite, with a positive finite standard error."""
    log_rr, se = np.asarray(log_rr, float), np.asarray(se, float)
    with np.errstate(invalid="ignore"):
        return np.isfinite(log_rr) & np.isfinite(se) & (se > 0)


def fit_null(log_rr: ArrayLike, se: ArrayLike) -> Null:
    """Fit the null to negative controls: logRr ~ N(mean, sd^2 + se^2), by maximum likelihood.

    Controls that can't serve (see `usable`) are left out; `n` tells how many were used.

    Raises:
        TooFewControls: fewer than 5 usable ones.
    """
    y, s = _controls(log_rr, se)

    def loss(x: Floats) -> float:
        return -float(norm.logpdf(y, x[0], np.hypot(x[1], s)).sum())

    start = np.array([np.average(y, weights=1 / s**2), max(0.05, float(np.std(y)))])
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 500}
    found = minimize(loss, start, method="L-BFGS-B", bounds=[(None, None), (0, None)], options=options)
    return Null(float(found.x[0]), float(found.x[1]), int(y.size), -float(found.fun))


def _controls(log_rr: ArrayLike, se: ArrayLike, *more: ArrayLike) -> list[Floats]:
    """Rows that can serve and hold finite values of the further columns; raises `TooFewControls`."""
    columns = [np.asarray(column, float) for column in (log_rr, se, *more)]
    keep = np.logical_and.reduce([usable(log_rr, se), *(np.isfinite(column) for column in columns[2:])])
    if keep.sum() < FEWEST_CONTROLS:
        raise TooFewControls(f"{keep.sum()} usable controls, at least {FEWEST_CONTROLS} are needed")
    return [column[keep] for column in columns]


def p_values(log_rr: ArrayLike, se: ArrayLike, null: Null, two_sided: bool = True) -> Floats:
    """Chance under the null of an estimate as far out; one-sided: as high. NaN where an estimate can't serve."""
    y, s = np.asarray(log_rr, float), np.asarray(se, float)
    keep = usable(y, s)
    z = np.full(y.shape, np.nan)
    z[keep] = (y[keep] - null.mean) / np.hypot(null.sd, s[keep])
    return 2 * norm.sf(np.abs(z)) if two_sided else norm.sf(z)


def leave_one_out_p(log_rr: ArrayLike, se: ArrayLike) -> Floats:
    """Two-sided p of each negative control under the null of all others."""
    y, s = np.asarray(log_rr, float), np.asarray(se, float)
    found = np.full(y.shape, np.nan)
    for i in np.flatnonzero(usable(y, s)):
        others = np.arange(y.size) != i
        found[i] = p_values(y[i : i + 1], s[i : i + 1], fit_null(y[others], s[others]))[0]
    return found


def llr(log_rr: ArrayLike, se: ArrayLike, null: Null | None = None) -> Floats:
    """Log-likelihood ratio of an increased effect, against no effect or against the null (normal approximation)."""
    mean, sd = (null.mean, null.sd) if null else (0.0, 0.0)
    y, s = np.asarray(log_rr, float), np.asarray(se, float)
    return np.where(usable(y, s), np.maximum(0.0, (y - mean) / np.hypot(sd, s)) ** 2 / 2, np.nan)


def expected_absolute_error(null: Null) -> float:
    """Mean of the absolute bias: that of the folded normal distribution."""
    if null.sd == 0:
        return abs(null.mean)
    ratio = null.mean / null.sd
    return float(null.sd * np.sqrt(2 / np.pi) * np.exp(-(ratio**2) / 2) + null.mean * (1 - 2 * norm.cdf(-ratio)))


def fit_error_model(log_rr: ArrayLike, se: ArrayLike, true_log_rr: ArrayLike) -> ErrorModel:
    """Fit the systematic error to controls of known effect: logRr ~ N(mean(t), sd(t)^2 + se^2).

    Raises:
        TooFewControls: fewer than 5 usable ones.
    """
    y, s, t = _controls(log_rr, se, true_log_rr)

    def loss(x: Floats) -> float:
        return -float(norm.logpdf(y, x[0] + x[1] * t, np.hypot(x[2] + x[3] * np.abs(t), s)).sum())

    bounds = [(None, None), (None, None), (1e-6, None), (0, None)]
    options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 2000, "maxfun": 20_000}
    starts = ((0.0, 1.0, 0.1, 0.0), (0.0, 1.0, 0.5, 0.1))
    found = [minimize(loss, x0, method="L-BFGS-B", bounds=bounds, options=options) for x0 in starts]
    return ErrorModel(*(float(v) for v in min(found, key=lambda f: f.fun).x))


def calibrated(
    log_rr: ArrayLike, se: ArrayLike, model: ErrorModel, level: float = 0.95
) -> tuple[Floats, Floats, Floats]:
    """Calibrated estimate, lower and upper bound (log scale): true effects whose error explains the estimate.

    NaN where an estimate can't serve, and a bound where the error grows with the effect faster than the effect itself.
    """
    z = float(norm.ppf((1 + level) / 2))
    y, s = np.asarray(log_rr, float), np.asarray(se, float)
    rows = [
        tuple(_effect(a, b, model, at) for at in (0.0, z, -z)) if ok else (np.nan,) * 3
        for a, b, ok in zip(y, s, usable(y, s), strict=True)
    ]
    estimate, low, high = np.array(rows, dtype=float).reshape(-1, 3).T
    return estimate, low, high


def _effect(y: float, se: float, model: ErrorModel, z: float) -> float:
    """True effect under which the estimate lies z standard deviations above its mean."""

    def gap(t: float) -> float:
        mean = model.mean_intercept + model.mean_slope * t
        return y - mean - z * float(np.hypot(model.sd_intercept + model.sd_slope * abs(t), se))

    if not model.mean_slope > 0:
        return float("nan")
    if z == 0:
        return (y - model.mean_intercept) / model.mean_slope
    low, high = -1.0, 1.0
    while gap(low) < 0 or gap(high) > 0:
        low, high = 2 * low, 2 * high
        if high > 1e12:
            return float("nan")
    if not np.isfinite([gap(low), gap(high)]).all():  # the error model itself leaves the floats
        return float("nan")
    return float(brentq(gap, low, high, xtol=1e-12))


def answer(log_rr: ArrayLike, se: ArrayLike, null: Null, model: ErrorModel | None = None) -> pl.DataFrame:
    """Calibrated p and intervals (ratios, not logarithms) in the shape of `models.result`.

    A bound whose ratio is beyond the range of floats, as with the standard error of a regression that saw no event, is
    null, and its row says so.
    """
    estimate, low, high = calibrated(log_rr, se, model or ErrorModel.of(null))
    keep = usable(log_rr, se)
    reasons = [None if ok else "estimate or standard error missing, infinite or not positive" for ok in keep]
    p = p_values(log_rr, se, null)
    with np.errstate(over="ignore"):
        ratio, lower, upper = np.exp(estimate), np.exp(low), np.exp(high)
    return result(
        *("empirical_calibration", "calibrated p < 0.05", ratio),
        lower=lower,
        upper=upper,
        p_value=p,
        is_signal=[bool(v < 0.05) for v in p],
        not_computed=reasons,
    )
