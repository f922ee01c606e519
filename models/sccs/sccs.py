"""Self-controlled case series: incidence in risk windows against the rest of the same person's observation.

Conditional on a person's events, their times follow a multinomial over the person's intervals with weights length x
exp(x beta): fixed characteristics cancel.

Source: Farrington 1995, Biometrics 51:228-235; Whitaker, Farrington, Spiessens, Musonda 2006, Stat Med 25:1768-1797.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.stats import norm

from models.result import result
from models.sccs.intervals import Intervals, intervals
from models.sccs.separation import separated

__all__ = ["Intervals", "intervals", "relative_incidence"]
Floats = NDArray[np.float64]
_STEPS, _HALVINGS, _TOLERANCE = 50, 30, 1e-9


def relative_incidence(cut: Intervals, level: float = 0.95) -> pl.DataFrame:
    """Fit and return one row a term (`risk 1` …, `washout 1` …, `age 2` …) in the shape of `models.result`: relative
    incidence, Wald bounds and p.

    A term without an event, with all events, or that no case's own comparison tells apart is not computed, and its row
    says so. The others are those of the limit in which its estimate is 0 or infinite, as a fit that never ends would
    give them.

    Raises:
        ValueError: no window and no age group was asked for.
        ArithmeticError: Newton's steps do not converge.
    """
    names, design = cut.design()
    if not names:
        raise ValueError("no risk window and no age group")
    kept, basis, reasons = separated(cut.person, cut.events, design)
    usable = np.array([r is None for r in reasons], dtype=bool)
    estimate, error = np.full(len(names), np.nan), np.full(len(names), np.nan)
    if usable.any():
        person = np.unique(cut.person[kept], return_inverse=True)[1]
        found, covariance = _fit(person, cut.events[kept], cut.days[kept], design[kept] @ basis.T)
        estimate[usable] = (basis.T @ found)[usable]
        error[usable] = np.sqrt(np.diag(basis.T @ covariance @ basis))[usable]
    z = norm.ppf((1 + level) / 2)
    with np.errstate(over="ignore"):
        ratio, lower, upper = np.exp(estimate), np.exp(estimate - z * error), np.exp(estimate + z * error)
    keys = pl.DataFrame({"term": names, "n_events": (cut.events @ (design > 0)).astype(np.int64)})
    return result(
        *("sccs", f"lower {level:.0%} bound > 1", ratio),
        lower=lower,
        upper=upper,
        p_value=2 * norm.sf(np.abs(estimate / error)),
        is_signal=(lower > 1).tolist(),
        not_computed=reasons,
        keys=keys,
    )


def _fit(
    person: NDArray[np.int64], events: NDArray[np.int64], days: NDArray[np.int64], design: Floats
) -> tuple[Floats, Floats]:
    """Newton's steps on the conditional likelihood; coefficients and their covariance."""
    n_persons = int(person.max()) + 1
    totals = np.bincount(person, events, n_persons)
    log_days = np.log(days)

    def shares(beta: Floats) -> tuple[Floats, float]:
        """Chance of each interval among its person's, and the log-likelihood of the events."""
        score = log_days + design @ beta
        weight = np.exp(score - score.max())
        share = weight / np.bincount(person, weight)[person]
        return share, float(events @ np.log(share))

    beta = np.zeros(design.shape[1])
    share, value = shares(beta)
    for _ in range(_STEPS):
        means = np.array([np.bincount(person, share * x, n_persons) for x in design.T]).T
        expected = share * totals[person]
        gradient = design.T @ (events - expected)
        information = (design.T * expected) @ design - (means.T * totals) @ means
        step = np.linalg.solve(information, gradient)
        if np.max(np.abs(step)) < _TOLERANCE:
            return beta, np.linalg.inv(information)
        for _ in range(_HALVINGS):
            share, new = shares(beta + step)
            if new >= value - 1e-12 * abs(value):
                break
            step = step / 2
        beta, value = beta + step, new
    raise ArithmeticError("the case series likelihood did not converge")
