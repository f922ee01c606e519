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
from numpy.typing import ArrayLike
from scipy.stats import norm, t

from models.result import result
from models.surveillance.quantiles import negative_binomial_upper, poisson_upper
from models.surveillance.quasipoisson import Errors, Fit, fitted
from models.surveillance.series import Days, Floats, Ints, ordinals, read, years_before

FEWEST_CASES = 5
FEWEST_YEARS = 3  # with fewer in the reference there is no trend
WEEKS = 52  # the published spans are in weeks; another frequency takes the same time, in its own periods


@dataclass(frozen=True)
class Control:
    """How the reference is chosen and the bound is set. Spans that are None follow from the frequency.

    Attributes:
        years: years looked back.
        window: half width, in periods, of the window around the same time of year; None is three weeks (3 periods of a
            week, 1 of a month, 0 of a quarter, 21 of a day).
        season_levels: levels of the seasonal factor, at most one a period outside the window; with 1, only the windows
            are used.
        residual_limit: Anscombe residual above which a past count is weighted down.
        trend_level: p (t test) below which the trend is kept; it is dropped as well where it extrapolates above
            the highest reference count, or where the current season is known from fewer than 3 years.
        alpha: one-sided level of the bound.
        threshold: ``delta`` (normal on the 2/3 power), ``nb`` (quantile of the negative binomial at the expected
            count), ``muan`` (the same at the expected count's own upper bound).
        frequency: periods in a year.
        left_out: latest periods never used as reference; None is half a year (26 weeks, 6 months, 2 quarters), in the
            classic form three weeks.
        recent: a signal needs 5 cases in the last so many periods; None is four weeks, at least one period.
        errors: what the standard errors rest on. ``pearson``: the quasi-Poisson dispersion, as published. ``working``:
            the variance of the working residuals, which is what R's surveillance 1.20 computes in its improved form.
        weeks_left_out: what `left_out` is taken from where it is None.

    Raises:
        ValueError: a value out of range, or windows that are wider than a year.
    """

    years: int = 4
    window: int | None = None
    season_levels: int = 10
    residual_limit: float = 2.58
    trend_level: float = 1.0
    alpha: float = 0.05
    threshold: Literal["delta", "nb", "muan"] = "delta"
    frequency: int = WEEKS
    left_out: int | None = None
    recent: int | None = None
    errors: Errors = "pearson"
    weeks_left_out: int = 26

    def __post_init__(self) -> None:
        """Refuse what no series could be scored by."""
        if not (self.years >= 1 and self.season_levels >= 1 and self.frequency >= 1 and 0 < self.alpha < 1):
            raise ValueError("years, season levels and frequency must be at least 1, alpha between 0 and 1")
        if min(self.half_width, self.latest_left_out, self.recently - 1) < 0:
            raise ValueError("window and periods left out must not be negative, recent periods at least 1")
        if 2 * self.half_width + 1 > self.frequency:
            raise ValueError(
                f"a window of {self.half_width} periods on either side is wider than a year of {self.frequency}"
            )

    @property
    def half_width(self) -> int:
        """Periods on either side of the same time of year."""
        return round(self.frequency * 3 / WEEKS) if self.window is None else self.window

    @property
    def latest_left_out(self) -> int:
        """Latest periods that are no reference."""
        return round(self.frequency * self.weeks_left_out / WEEKS) if self.left_out is None else self.left_out

    @property
    def recently(self) -> int:
        """Periods among which the fewest cases of a signal are counted."""
        return max(1, round(self.frequency * 4 / WEEKS)) if self.recent is None else self.recent


CONTROLS = {
    "farrington": Control(season_levels=1, residual_limit=1.0, trend_level=0.05, weeks_left_out=3),
    "farrington_flexible": Control(),
    "farrington_flexible_nb": Control(threshold="nb"),
    "farrington_flexible_muan": Control(threshold="muan"),
}


def farrington(
    counts: ArrayLike, control: Control | None = None, name: str = "farrington_flexible", days: Days | None = None
) -> pl.DataFrame:
    """Score every period that has its years of history; one row a period in the shape of `models.result`.

    Args:
        counts: cases of each period, without gaps. What is no count is not scored, and is no reference.
        control: how; that of `name` without.
        name: name of the method in the answer.
        days: first day of each period. With them a year is a calendar year (52 or 53 weeks), without it is
            `control.frequency` periods.

    `estimate` is the expected count, `upper` the bound, `score` (count - expected) / (bound - expected), `dispersion`
    that of the regression. Earlier periods, and those whose regression fails, are not computed.

    Raises:
        ValueError: days that are not one a period at regular steps.
    """
    control = control or CONTROLS[name]
    n, usable, reasons = read(counts)
    at_day = None if days is None else ordinals(days, n.size)
    rows = [(*_NONE, why) if why else _period(n, usable, at, control, at_day) for at, why in enumerate(reasons)]
    expected, bound, dispersion = np.array([row[:3] for row in rows], dtype=float).reshape(-1, 3).T
    recent = np.array([n[max(0, at - control.recently + 1) : at + 1].sum() for at in range(n.size)])
    with np.errstate(invalid="ignore", divide="ignore"):
        is_signal = (n > bound) & (recent >= FEWEST_CASES)
        score = (n - expected) / (bound - expected)
    score = np.where(np.isfinite(score), score, np.nan)
    span = f"{control.recently} periods" if control.recently > 1 else "a period"
    keys = pl.DataFrame(
        {"period": np.arange(n.size), "count": np.asarray(counts, float), "score": score, "dispersion": dispersion}
    )
    return result(
        name,
        f"count > bound (alpha = {control.alpha:g}, {control.threshold}) and {FEWEST_CASES} cases in {span}",
        expected,
        upper=bound,
        is_signal=is_signal,
        not_computed=[row[3] for row in rows],
        keys=keys.with_columns(pl.col("score", "dispersion").fill_nan(None)),
    )


def reference(at: int, control: Control, days: Ints | None = None) -> tuple[Ints, Ints] | None:
    """Reference periods of the period `at`, and their level of the seasonal factor (0: the current season).

    `days` are the periods' first days as ordinals. None where the series does not go back far enough.
    """
    bases, width = years_before(at, control.years, control.frequency, days), control.half_width
    if bases is None or bases[0] < width:
        return None
    season = np.full(at, -1)
    for base in [*bases, at]:
        season[base - width : base + width + 1] = 0
    if control.season_levels > 1:
        for base, following in zip(bases, [*bases[1:], at], strict=True):
            between = np.arange(base + width + 1, following - width)
            for level, part in enumerate(np.array_split(between, control.season_levels - 1), start=1):
                season[part] = level
    times = np.flatnonzero(season >= 0)
    times = times[times < at - control.latest_left_out]
    return times, season[times]


_NONE = (np.nan, np.nan, np.nan)
Row = tuple[float, float, float, str | None]


def _period(n: Floats, usable: Floats, at: int, control: Control, days: Ints | None) -> Row:
    """Expected count, bound, dispersion, and why there are none."""
    found = reference(at, control, days)
    if found is None:
        return *_NONE, f"needs {control.years} years of history"
    is_count = usable[found[0]] > 0
    times, season = found[0][is_count], found[1][is_count]
    y, levels = n[times], np.setdiff1d(season, [0])
    same = times[season == 0]
    if not same.size:
        return *_NONE, f"no reference period: the latest {control.latest_left_out} are left out"
    if not y[season == 0].sum():
        return *_NONE, "no case in the reference periods" + (" of this season" if y.any() else "")
    has_trend = bool(same[-1] - same[0] >= (FEWEST_YEARS - 1) * control.frequency)
    parameters = 1 + has_trend + levels.size
    if y.size <= parameters:
        return *_NONE, f"{y.size} reference periods are too few for {parameters} parameters"
    clock = (np.arange(at + 1) if days is None else days).astype(float)
    slope = (clock[times] - clock[times[0]]) / (clock[times[-1]] - clock[times[0]])
    now = (clock[at] - clock[times[0]]) / (clock[times[-1]] - clock[times[0]])
    seasons = (season[:, None] == levels).astype(float)
    with np.errstate(all="ignore"):
        fit, row = _fit(y, slope if has_trend else None, seasons, now, control)
        if fit is None:
            return *_NONE, "the regression did not converge"
        mean, error = fit.predicted(row)
        bound = _bound(mean, error, fit.dispersion, control)
    if not np.isfinite([mean, bound, fit.dispersion]).all():
        return *_NONE, "the regression has no finite bound"
    return mean, bound, fit.dispersion, None


def _fit(y: Floats, slope: Floats | None, seasons: Floats, now: float, control: Control) -> tuple[Fit | None, Floats]:
    """The fit with a trend where it is kept, else without, and the row of the design of the current period."""
    ones, row = np.ones(y.size), np.array([1.0, now, *np.zeros(seasons.shape[1])])
    fit = None
    if slope is not None:
        fit = fitted(np.column_stack([ones, slope, seasons]), y, control.residual_limit, control.errors)
    if fit is not None:
        p = 2 * t.sf(abs(fit.beta[1]) / np.sqrt(fit.covariance[1, 1] * fit.variance), fit.free)
        if p < control.trend_level and fit.predicted(row)[0] <= y.max():
            return fit, row
    return fitted(np.column_stack([ones, seasons]), y, control.residual_limit, control.errors), np.delete(row, 1)


def _bound(mean: float, error: float, dispersion: float, control: Control) -> float:
    z = float(norm.isf(control.alpha))
    if control.threshold == "delta":
        spread = np.sqrt(4 / 9 * mean ** (1 / 3) * (dispersion + error**2 / mean))
        return float((mean ** (2 / 3) + z * spread) ** 1.5)
    level = mean if control.threshold == "nb" else mean * float(np.exp(z * error / mean))
    if dispersion <= 1:
        return float(poisson_upper(control.alpha, level))
    return float(negative_binomial_upper(control.alpha, level / (dispersion - 1), 1 / dispersion))
