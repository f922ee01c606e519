"""Self-controlled case series: incidence in risk windows against the rest of the same person's observation.

Conditional on a person's events, their times follow a multinomial over the person's intervals with weights length x
exp(x beta): fixed characteristics cancel.

Source: Farrington 1995, Biometrics 51:228-235; Whitaker, Farrington, Spiessens, Musonda 2006, Stat Med 25:1768-1797.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from models.result import result

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_STEPS, _HALVINGS, _TOLERANCE = 50, 30, 1e-9


@dataclass(frozen=True)
class Intervals:
    """Person time cut where exposure or age group changes, arrays of one length: 0 is unexposed, 0 the first age."""

    person: Ints
    lower: Ints  # first day
    upper: Ints  # last day
    risk: Ints
    age: Ints
    events: Ints

    @property
    def days(self) -> Ints:
        """Length of each interval."""
        return self.upper - self.lower + 1


def intervals(
    person: ArrayLike,
    event_day: ArrayLike,
    start: ArrayLike,
    end: ArrayLike,
    exposure: ArrayLike,
    windows: Sequence[int],
    exposure_end: ArrayLike | int,
    ages: Sequence[int] = (),
) -> Intervals:
    """Cut the observation of each case (one row an event; days of age).

    Args:
        person: identifier of the person of each row.
        event_day: day of the event, within observation.
        start: first day of observation.
        end: last day of observation.
        exposure: day of exposure, NaN where never exposed.
        windows: days after exposure at which each risk window starts, ascending.
        exposure_end: days after exposure at which the last window ends, or one for each row as a day.
        ages: last day of each age group but the last one.

    Raises:
        ValueError: an event outside observation, windows or ages not ascending, or rows of one person that differ.
    """
    cut_ages = np.asarray(ages, dtype=float)
    if np.any(np.diff(windows) <= 0) or np.any(np.diff(cut_ages) <= 0):
        raise ValueError("windows and ages must ascend")
    day, first, last = (np.asarray(v, float) for v in (event_day, start, end))
    if np.any((day < first) | (day > last)):
        raise ValueError(
            f"an event lies outside observation in row {int(np.flatnonzero((day < first) | (day > last))[0])}"
        )
    exposed = np.asarray(exposure, float)
    ends = exposed + exposure_end if np.isscalar(exposure_end) else np.asarray(exposure_end, float)
    _, number_of = np.unique(np.asarray(person), return_inverse=True)
    order = np.argsort(number_of, kind="stable")
    rows: list[tuple[int, ...]] = []
    for number, mine in enumerate(np.split(order, np.flatnonzero(np.diff(number_of[order])) + 1)):
        row = mine[0]
        if any(np.unique(v[mine][~np.isnan(v[mine])]).size > 1 for v in (first, last, exposed)):
            raise ValueError(f"rows of person {number} differ in observation or exposure")
        starts = [exposed[row] + w for w in windows] + [ends[row] + 1] if not np.isnan(exposed[row]) else []
        cuts = np.unique(np.array([first[row], last[row] + 1, *starts, *(cut_ages + 1)]))
        cuts = cuts[(cuts >= first[row]) & (cuts <= last[row] + 1)]
        for low, high in pairwise(cuts):
            risk = int(np.searchsorted(starts, low, side="right")) if starts else 0
            events = int(((day[mine] >= low) & (day[mine] < high)).sum())
            age = int(np.searchsorted(cut_ages, low, side="left"))
            rows.append((number, int(low), int(high) - 1, 0 if risk > len(windows) else risk, age, events))
    return Intervals(*np.array(rows, dtype=np.int64).T)


def relative_incidence(cut: Intervals, level: float = 0.95) -> pl.DataFrame:
    """Fit and return one row a term (`risk 1` …, `age 2` …) in the shape of `models.result`: relative incidence, Wald
    bounds and p.

    A window or age group without an event, or that no case's own comparison tells apart, is not computed.

    Raises:
        ArithmeticError: Newton's steps do not converge.
    """
    terms = [("risk", k) for k in range(1, int(cut.risk.max()) + 1)] + [
        ("age", k) for k in range(1, int(cut.age.max()) + 1)
    ]
    design = np.array([(getattr(cut, name) == k).astype(float) for name, k in terms]).T
    reasons = [_reason(cut, design[:, i]) for i in range(len(terms))]
    usable = np.array([r is None for r in reasons], dtype=bool)
    estimate, error = np.full(len(terms), np.nan), np.full(len(terms), np.nan)
    if usable.any():
        estimate[usable], error[usable] = _fit(cut, design[:, usable])
    z = norm.ppf((1 + level) / 2)
    bounds = np.exp(estimate - z * error), np.exp(estimate + z * error)
    p = 2 * norm.sf(np.abs(estimate / error))
    keys = pl.DataFrame({"term": [f"{name} {k if name == 'risk' else k + 1}" for name, k in terms]})
    keys = keys.with_columns(n_events=pl.Series([int(cut.events[design[:, i] > 0].sum()) for i in range(len(terms))]))
    return result(
        *("sccs", f"lower {level:.0%} bound > 1", np.exp(estimate)),
        lower=bounds[0],
        upper=bounds[1],
        p_value=p,
        is_signal=[bool(b > 1) for b in bounds[0]],
        not_computed=reasons,
        keys=keys,
    )


def _reason(cut: Intervals, column: Floats) -> str | None:
    inside = column > 0
    if not cut.days[inside].sum():
        return "no person time"
    if not cut.events[inside].sum():
        return "no event in it"
    cases = np.unique(cut.person[inside])
    others = np.isin(cut.person, cases) & ~inside
    return None if cut.events[others].sum() or cut.days[others].sum() else "no other time to compare with"


def _fit(cut: Intervals, design: Floats) -> tuple[Floats, Floats]:
    """Newton's steps on the conditional likelihood; coefficients and standard errors."""
    n_persons = int(cut.person.max()) + 1
    totals = np.bincount(cut.person, cut.events, n_persons)
    log_days = np.log(cut.days)
    beta = np.zeros(design.shape[1])
    share, value = _shares(cut, log_days + design @ beta)
    for _ in range(_STEPS):
        means = np.array([np.bincount(cut.person, share * x, n_persons) for x in design.T]).T
        expected = share * totals[cut.person]
        gradient = design.T @ (cut.events - expected)
        information = (design.T * expected) @ design - (means.T * totals) @ means
        step = np.linalg.solve(information, gradient)
        if np.max(np.abs(step)) < _TOLERANCE:
            return beta, np.sqrt(np.diag(np.linalg.inv(information)))
        for _ in range(_HALVINGS):
            share, new = _shares(cut, log_days + design @ (beta + step))
            if new >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta, value = beta + step, new
    raise ArithmeticError("the case series likelihood did not converge: a term separates the events")


def _shares(cut: Intervals, score: Floats) -> tuple[Floats, float]:
    """Chance of each interval among its person's, and the log-likelihood of the events."""
    weight = np.exp(score - score.max())
    share = weight / np.bincount(cut.person, weight)[cut.person]
    return share, float(cut.events @ np.log(share))
