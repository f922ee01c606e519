"""Proportional reporting ratio, its interval and the chi-squared of its table. NaN where a number is not defined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.disproportionality.counts import Cells, Floats
from models.rules import EVANS_2001, applies


@dataclass(frozen=True)
class Ratio:
    """A ratio with its bounds, arrays of one shape; NaN where undefined."""

    estimate: Floats
    lower: Floats
    upper: Floats


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Quotient, NaN where the denominator is zero: never infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.true_divide(numerator, denominator)
    nothing = np.asarray(denominator) == 0
    return np.where(nothing, np.nan, quotient) if nothing.any() else quotient


def log_normal_ratio(estimate: Floats, variance: Floats, level: float) -> Ratio:
    """Bounds exp(ln estimate -/+ z sqrt(variance)); NaN where the estimate is zero or the variance undefined."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    usable = (estimate > 0) & np.isfinite(variance)
    log_estimate = np.log(np.where(usable, estimate, np.nan))
    half_width = ndtri((1 + level) / 2) * np.sqrt(np.where(usable, variance, np.nan))
    return Ratio(estimate, np.exp(log_estimate - half_width), np.exp(log_estimate + half_width))


def prr(cells: Cells, level: float = 0.95) -> Ratio:
    """PRR = (a/(a+b)) / (c/(c+d)) with a log-normal interval (no unit).

    SE of ln PRR = sqrt(1/a - 1/(a+b) + 1/c - 1/(c+d)): the last term is subtracted; a plus there is a mistake with a
    history (PhViD 1.02, neksa). Undefined (NaN) for a+b=0 or c=0; the bounds also for a=0.

    Source: Evans, Waller, Davis 2001, Pharmacoepidemiol Drug Saf 10:483-486; Gravel 2009 for the variance.

    Raises:
        ValueError: `level` not in (0, 1).
    """
    exposed, unexposed = cells.a + cells.b, cells.c + cells.d
    one = np.ones_like(cells.a)
    estimate = divide(divide(cells.a, exposed), divide(cells.c, unexposed))
    variance = divide(one, cells.a) - divide(one, exposed) + divide(one, cells.c) - divide(one, unexposed)
    return log_normal_ratio(estimate, variance, level)


def chi_squared(cells: Cells, yates: bool = True) -> Floats:
    """Pearson's chi-squared of the 2x2 table, by default with Yates' correction min(1/2, |a-E|) (1 degree of freedom).

    NaN where a margin is zero. Source: Yates 1934; the minimum as in R's chisq.test.
    """
    gap = np.abs(cells.a * cells.d - cells.b * cells.c)
    total = cells.n_total
    if yates:
        gap = np.maximum(gap - total / 2, 0.0)
    columns = (cells.a + cells.c) * (cells.b + cells.d)
    return divide(total * gap**2, (cells.a + cells.b) * (cells.c + cells.d) * columns)


def evans(cells: Cells) -> NDArray[np.bool_]:
    """PRR >= 2, Yates chi-squared >= 4, a >= 3 (Evans 2001); False also where PRR is not defined."""
    columns = {"prr": prr(cells).estimate, "chi2_yates": chi_squared(cells), "a": cells.a}
    return applies(EVANS_2001, columns)[0]
