"""Bayesian outbreak detection: the count against its predictive distribution given the reference periods.

The reference counts are Poisson with one rate under Jeffreys' prior, gamma(1/2, 0); given their sum s over m periods a
further count is negative binomial with size s + 1/2 and success probability m / (m + 1). The bound is its quantile.

Source: Riebler 2004, Empirischer Vergleich von statistischen Methoden zur Ausbruchserkennung bei Surveillance Daten;
Höhle 2007, Comput Stat 22:571-582; `bayes` of R's surveillance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.stats import nbinom

from models.result import result
from models.surveillance.quantiles import negative_binomial_upper
from models.surveillance.series import Days, Ints, ordinals, read, years_before


@dataclass(frozen=True)
class Control:
    """How the reference is chosen and the bound is set.

    Attributes:
        years: years looked back; 0 takes the latest periods only.
        window: periods before the current one, and on either side of the same time of each past year.
        uses_this_year: whether the periods just before the current one are reference.
        alpha: one-sided level of the bound.
        frequency: periods in a year, where no days are given.

    Raises:
        ValueError: a value out of range, no reference at all, or windows that are wider than a year.
    """

    years: int = 0
    window: int = 6
    uses_this_year: bool = True
    alpha: float = 0.05
    frequency: int = 52

    def __post_init__(self) -> None:
        """Refuse what no series could be scored by."""
        if not (self.years >= 0 and self.window >= 0 and self.frequency >= 1 and 0 < self.alpha < 1):
            raise ValueError("years and window must not be negative, alpha must lie between 0 and 1")
        if not (self.years or (self.uses_this_year and self.window)):
            raise ValueError("there is no reference: look back some years, or some periods of this one")
        if self.years and 2 * self.window + 1 > self.frequency:
            raise ValueError(
                f"a window of {self.window} periods on either side is wider than a year of {self.frequency}"
            )


CONTROLS = {
    "bayes": Control(),
    "bayes2": Control(years=1),
    "bayes3": Control(years=2, window=4, uses_this_year=False),
}


def bayes(
    counts: ArrayLike, control: Control | None = None, name: str = "bayes", days: Days | None = None
) -> pl.DataFrame:
    """Score every period that has its reference; one row a period in the shape of `models.result`.

    Args:
        counts: cases of each period, without gaps. What is no count is not scored, and is no reference.
        control: how; that of `name` without.
        name: name of the method in the answer.
        days: first day of each period. With them a year is a calendar year, without it is `control.frequency` periods.

    `estimate` is the predicted mean (s + 1/2) / m, `upper` the bound, `p_value` the chance of as many or more. A signal
    is a count above the bound.

    Raises:
        ValueError: days that are not one a period at regular steps.
    """
    control = control or CONTROLS[name]
    n, usable, reasons = read(counts)
    at_day = None if days is None else ordinals(days, n.size)
    total, periods = np.zeros(n.size), np.zeros(n.size)
    for at in range(n.size):
        times = reference(at, control, at_day)
        if times is None:
            span = (
                f"{control.years} years and {control.window} periods" if control.years else f"{control.window} periods"
            )
            reasons[at] = reasons[at] or f"needs {span} of history"
        else:
            total[at], periods[at] = n[times].sum(), usable[times].sum()
            reasons[at] = reasons[at] or (None if periods[at] else "no count in the reference periods")
    size, known = total + 0.5, np.maximum(periods, 1)
    upper = negative_binomial_upper(control.alpha, size, known / (known + 1))
    return result(
        name,
        f"count > bound (alpha = {control.alpha:g})",
        size / known,
        upper=upper,
        p_value=nbinom.sf(n - 1, size, known / (known + 1)),
        is_signal=n > upper,
        not_computed=reasons,
        keys=pl.DataFrame({"period": np.arange(n.size), "count": np.asarray(counts, float)}),
    )


def reference(at: int, control: Control, days: Ints | None = None) -> Ints | None:
    """Reference periods of the period `at`; None where the series does not go back far enough."""
    bases, width = years_before(at, control.years, control.frequency, days), control.window
    if bases is None or min([at, *bases]) < width:
        return None
    past = [np.arange(base - width, base + width + 1) for base in bases]
    latest = [np.arange(at - width, at)] if control.uses_this_year else []
    return np.concatenate([*past, *latest])
