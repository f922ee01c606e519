"""Outbreak detection by a regression on the same season of past years: Farrington 1996 and its improved form.

A quasi-Poisson regression with a linear trend is fitted to the reference periods; past outbreaks are weighted down by
their residuals; the bound is a quantile of the prediction for the current period.

Sources: Farrington, Andrews, Beale, Catchpole 1996, J R Stat Soc A 159:547-563; improved: Noufaily, Enki, Farrington,
Garthwaite, Andrews, Charlett 2013, Stat Med 32:1206-1222.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import nbinom, norm, poisson, t

from models.result import result

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEWEST_CASES, RECENT = 5, 4  # a signal needs 5 cases in the last 4 periods
_STEPS = 100


@dataclass(frozen=True)
class Control:
    """How the reference is chosen and the bound is set.

    Attributes:
        years: years looked back.
        window: half width, in periods, of the window around the same time of year.
        season_levels: levels of the seasonal factor; with 1, only the windows are used.
        residual_limit: Anscombe residual above which a past count is weighted down.
        trend_level: p (t test) below which the trend is kept; it is dropped as well where it extrapolates above
            the highest reference count.
        alpha: one-sided level of the bound.
        threshold: ``delta`` (normal on the 2/3 power), ``nb`` (quantile of the negative binomial at the expected
            count), ``muan`` (the same at the expected count's own upper bound).
        frequency: periods in a year.
        left_out: latest periods never used as reference.
        errors: what the standard errors rest on. ``pearson``: the quasi-Poisson dispersion, as published. ``working``:
            the variance of the working residuals, which is what R's surveillance 1.20 computes in its improved form.
    """

    years: int = 4
    window: int = 3
    season_levels: int = 10
    residual_limit: float = 2.58
    trend_level: float = 1.0
    alpha: float = 0.05
    threshold: Literal["delta", "nb", "muan"] = "delta"
    frequency: int = 52
    left_out: int = 26
    errors: Literal["pearson", "working"] = "pearson"


CONTROLS = {
    "farrington": Control(season_levels=1, residual_limit=1.0, trend_level=0.05, left_out=3),
    "farrington_flexible": Control(),
    "farrington_flexible_nb": Control(threshold="nb"),
    "farrington_flexible_muan": Control(threshold="muan"),
}


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


def farrington(counts: ArrayLike, control: Control | None = None, name: str = "farrington_flexible") -> pl.DataFrame:
    """Score every period that has its years of history; one row a period in the shape of `models.result`.

    `estimate` is the expected count, `upper` the bound, `score` (count - expected) / (bound - expected), `dispersion`
    that of the regression. Earlier periods, and those whose regression fails, are not computed.

    Raises:
        ValueError: counts negative or missing.
    """
    control = control or CONTROLS[name]
    n = np.asarray(counts, dtype=float)
    if not np.all(np.isfinite(n) & (n >= 0)):
        raise ValueError("counts must be given and not negative")
    rows = [_period(n, at, control) for at in range(n.size)]
    expected, bound, dispersion = np.array([row[:3] for row in rows], dtype=float).reshape(-1, 3).T
    recent = np.array([n[max(0, at - RECENT + 1) : at + 1].sum() for at in range(n.size)])
    with np.errstate(invalid="ignore", divide="ignore"):
        is_signal = (n > bound) & (recent >= FEWEST_CASES)
        score = (n - expected) / (bound - expected)
    keys = pl.DataFrame({"period": np.arange(n.size), "count": n, "score": score, "dispersion": dispersion})
    return result(
        name,
        f"count > bound (alpha = {control.alpha:g}, {control.threshold}) and {FEWEST_CASES} cases in {RECENT} periods",
        expected,
        upper=bound,
        is_signal=is_signal,
        not_computed=[row[3] for row in rows],
        keys=keys.with_columns(pl.col("score", "dispersion").fill_nan(None)),
    )


def reference(at: int, control: Control) -> tuple[Ints, Ints]:
    """Reference periods of the period `at`, and their level of the seasonal factor (0: the current season)."""
    bases = at - control.frequency * np.arange(control.years, 0, -1)
    season = np.full(at, -1)
    for base in bases:
        season[base - control.window : base + control.window + 1] = 0
    if control.season_levels > 1:
        for base, following in zip(bases, [*bases[1:], at], strict=True):
            between = np.arange(base + control.window + 1, min(following - control.window, at))
            for level, part in enumerate(np.array_split(between, control.season_levels - 1), start=1):
                season[part] = level
    times = np.flatnonzero(season >= 0)
    times = times[times < at - control.left_out]
    return times, season[times]


def _period(n: Floats, at: int, control: Control) -> tuple[float, float, float, str | None]:
    """Expected count, bound, dispersion, and why there are none."""
    if at - control.years * control.frequency - control.window < 0:
        return np.nan, np.nan, np.nan, f"needs {control.years} years of history"
    times, season = reference(at, control)
    y = n[times]
    if not y.sum():
        return np.nan, np.nan, np.nan, "no case in the reference periods"
    fit = _fitted(times, season, y, control, trend=True)
    has_trend = fit is not None and _is_kept(fit, at, times, y, control)
    fit = fit if has_trend else _fitted(times, season, y, control, trend=False)
    if fit is None:
        return np.nan, np.nan, np.nan, "the regression did not converge"
    mean, error = _prediction(fit, at, times, has_trend)
    return mean, _bound(mean, error, fit.dispersion, control), fit.dispersion, None


def _is_kept(fit: Fit, at: int, times: Ints, y: Floats, control: Control) -> bool:
    p = 2 * t.sf(abs(fit.beta[1]) / np.sqrt(fit.covariance[1, 1] * fit.variance), fit.free)
    return bool(p < control.trend_level and _prediction(fit, at, times, True)[0] <= y.max())


def _fitted(times: Ints, season: Ints, y: Floats, control: Control, trend: bool) -> Fit | None:
    """Fit, weight past outbreaks down, fit again; None where it does not converge."""
    slope = [_scaled(times, times)] if trend else []
    levels = [(season == level).astype(float) for level in range(1, control.season_levels) if np.any(season == level)]
    design = np.column_stack([np.ones(times.size), *slope, *levels])
    first = _regression(design, y, np.ones(y.size), control)
    if first is None:
        return None
    spread = first.mean ** (1 / 6) * np.sqrt(first.dispersion * np.maximum(1 - first.leverage, 1e-12))
    residual = 1.5 * (y ** (2 / 3) - first.mean ** (2 / 3)) / spread
    weight = np.where(residual > control.residual_limit, np.maximum(residual, 1e-12) ** -2, 1.0)
    return _regression(design, y, weight * y.size / weight.sum(), control)


def _scaled(at: ArrayLike, times: Ints) -> Floats:
    return (np.asarray(at, dtype=float) - times[0]) / (times[-1] - times[0])


def _regression(design: Floats, y: Floats, weight: Floats, control: Control) -> Fit | None:
    """Quasi-Poisson regression by iterated weighted least squares."""
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
        eta = np.clip(design @ beta, -30, 30)
        last, deviance = deviance, 2 * float((weight * (xlogy(y, y) - y * eta - y + np.exp(eta))).sum())
        if abs(last - deviance) < 1e-12 * (0.1 + abs(deviance)):
            break
    else:
        return None
    mean = np.exp(eta)
    leverage = weight * mean * np.einsum("ij,jk,ik->i", design, inverse, design)
    dispersion = max(1.0, float((weight * (y - mean) ** 2 / mean).sum()) / free)
    working_variance = float((weight * (y / mean - 1) ** 2).sum()) / free
    variance = dispersion if control.errors == "pearson" else working_variance
    return Fit(beta, np.asarray(inverse, float), mean, leverage, dispersion, variance, free)


def _prediction(fit: Fit, at: int, times: Ints, trend: bool) -> tuple[float, float]:
    """Mean at the period, in the current season, and its standard error."""
    row = np.zeros(fit.beta.size)
    row[0] = 1.0
    if trend:
        row[1] = _scaled(at, times)
    mean = float(np.exp(row @ fit.beta))
    return mean, mean * float(np.sqrt(row @ fit.covariance @ row * fit.variance))


def _bound(mean: float, error: float, dispersion: float, control: Control) -> float:
    z = float(norm.isf(control.alpha))
    if control.threshold == "delta":
        spread = np.sqrt(4 / 9 * mean ** (1 / 3) * (dispersion + error**2 / mean))
        return float((mean ** (2 / 3) + z * spread) ** 1.5)
    level = mean if control.threshold == "nb" else mean * float(np.exp(z * error / mean))
    if dispersion <= 1:
        return float(poisson.isf(control.alpha, level))
    return float(nbinom.isf(control.alpha, level / (dispersion - 1), 1 / dispersion))
