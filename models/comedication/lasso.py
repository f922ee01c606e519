"""L1-penalised logistic regression of an event on all substances of a report, by coordinate descent on distinct sets.

Minimises (1/N) negative log-likelihood + lambda sum_j w_j |beta_j|, the intercept free: glmnet's objective, with
w_j the standard deviation of column j where columns are standardised (coefficients stay on the scale of the ones).

Source: Tibshirani 1996, J R Stat Soc B 58:267-288; Friedman, Hastie, Tibshirani 2010, J Stat Softw 33(1); strong rules:
Tibshirani et al. 2012, J R Stat Soc B 74:245-266.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.comedication.design import Design, Ints

Floats = NDArray[np.float64]
PATH, RATIO = 100, 1e-4
TOLERANCE, CEILING = 1e-8, 500


class NotConverged(ArithmeticError):
    """Coordinate descent did not settle; the message says at which penalty."""


@dataclass(frozen=True)
class Path:
    """Coefficients along a path: `intercept` (penalties,), `beta` (penalties, substances), deviances and the null's."""

    penalties: Floats
    intercept: Floats
    beta: Floats
    deviance: Floats
    null_deviance: float


def column_spread(table: Design) -> Floats:
    """Standard deviation of each column over all reports."""
    share = _sums(table, table.n.astype(float)) / table.n.sum()
    return np.sqrt(share * (1 - share))


def largest_penalty(table: Design, events: Ints, weights: Floats) -> float:
    """Smallest penalty at which no substance is chosen; columns of weight 0 or nobody do not count."""
    total, rate = table.n.sum(), events.sum() / table.n.sum()
    residual = (events - table.n * rate) / total
    gradient = np.abs(_sums(table, residual))
    usable = np.isfinite(weights) & (weights > 0)
    return float(np.max(np.divide(gradient, weights, out=np.zeros_like(gradient), where=usable)))


def _sums(table: Design, values: Floats) -> Floats:
    """Sum values of the sets that hold each substance."""
    steps = np.concatenate([[0.0], np.cumsum(values[table.rows])])
    return steps[table.at[1:]] - steps[table.at[:-1]]


def lasso_path(
    table: Design,
    events: Ints,
    penalties: Sequence[float] | Floats | None = None,
    standardise: bool = True,
    weights: Floats | None = None,
    stop_at: int | None = None,
) -> Path:
    """Fit along descending penalties, each from the one before.

    Args:
        table: distinct sets of substances.
        events: reports with the event in each set.
        penalties: descending; by default 100 from the largest useful one down to 1/10,000 of it.
        standardise: weigh penalties by the columns' standard deviations.
        weights: further weights of the penalties, one a substance (adaptive lasso); infinite leaves a substance out.
        stop_at: end the path once so many substances are chosen.

    Raises:
        ValueError: no report, or the event in none or in all.
        NotConverged: see there.
    """
    total, n_events = int(table.n.sum()), int(events.sum())
    if not 0 < n_events < total:
        raise ValueError(f"the event is in {n_events} of {total} reports: nothing to explain")
    scale = column_spread(table) if standardise else np.ones(table.n_substances)
    scale = np.where(scale > 0, scale, np.inf)
    scale = scale if weights is None else scale * weights
    if penalties is None:
        highest = largest_penalty(table, events, scale)
        penalties = highest * np.exp(np.linspace(0, np.log(RATIO), PATH))
    given = np.asarray(penalties, dtype=float)
    rate = n_events / total
    null = -2 * (n_events * np.log(rate) + (total - n_events) * np.log(1 - rate))
    beta, intercept = np.zeros(table.n_substances), np.array([np.log(rate / (1 - rate))])
    found: list[tuple[float, Floats, float]] = []
    before = given[0]
    for penalty in given:
        deviance = _descend(table.at, table.rows, table.n, events, scale, penalty, before, beta, intercept)
        if np.isnan(deviance):
            raise NotConverged(f"the lasso did not converge at a penalty of {penalty:.3g}")
        found.append((float(intercept[0]), beta.copy(), deviance))
        before = penalty
        if (stop_at is not None and np.count_nonzero(beta) >= stop_at) or deviance < 1e-3 * null:
            break
    intercepts, betas, deviances = zip(*found, strict=True)
    return Path(given[: len(found)], np.array(intercepts), np.array(betas), np.array(deviances), float(null))


@njit(cache=True, nogil=True)
def _descend(at, rows, n, events, scale, penalty, before, beta, intercept):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Newton steps, each solved by coordinate descent over substances that the strong rule keeps; returns deviance."""
    eta = np.full(n.size, intercept[0])
    for j in np.flatnonzero(beta):
        for k in range(at[j], at[j + 1]):
            eta[rows[k]] += beta[j]
    weight, residual = np.empty(n.size), np.empty(n.size)
    _expand(n, events, eta, weight, residual)
    kept = beta != 0.0
    _keep(at, rows, residual, scale, 2 * penalty - before, kept)
    for _ in range(CEILING):
        moved = 0.0
        for _sweep in range(CEILING):
            largest = _sweep_once(at, rows, weight, residual, eta, scale, penalty, kept, beta, intercept)
            moved = max(moved, largest)
            if largest < TOLERANCE * 1e-4:
                break
        _expand(n, events, eta, weight, residual)
        if moved < TOLERANCE * 1e-2 and not _keep(at, rows, residual, scale, penalty * (1 + 1e-9), kept):
            return _deviance(n, events, eta)
    return np.nan


@njit(cache=True, nogil=True)
def _expand(n, events, eta, weight, residual):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Weights and residuals of the quadratic that stands for the likelihood at eta."""
    total = n.sum()
    for i in range(n.size):
        p = 1 / (1 + np.exp(-eta[i]))
        weight[i] = max(n[i] * p * (1 - p) / total, 1e-12 * n[i] / total)
        residual[i] = (events[i] - n[i] * p) / total


@njit(cache=True, nogil=True)
def _keep(at, rows, residual, scale, limit, kept):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Keep further substances whose gradient reaches the limit; tell whether there were any."""
    found = False
    for j in range(scale.size):
        if not kept[j] and np.isfinite(scale[j]):
            gradient = 0.0
            for k in range(at[j], at[j + 1]):
                gradient += residual[rows[k]]
            if abs(gradient) >= limit * scale[j]:
                kept[j] = found = True
    return found


@njit(cache=True, nogil=True)
def _sweep_once(at, rows, weight, residual, eta, scale, penalty, kept, beta, intercept):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Move the intercept and every kept coefficient to its own optimum; returns the largest gain."""
    curvature = weight.sum()
    step = residual.sum() / curvature
    intercept[0] += step
    for i in range(eta.size):
        eta[i] += step
        residual[i] -= weight[i] * step
    largest = curvature * step * step
    for j in np.flatnonzero(kept):
        gradient, curvature = 0.0, 0.0
        for k in range(at[j], at[j + 1]):
            gradient += residual[rows[k]]
            curvature += weight[rows[k]]
        free = gradient + curvature * beta[j]
        limit = penalty * scale[j]
        new = 0.0 if abs(free) <= limit else (free - np.sign(free) * limit) / curvature
        step = new - beta[j]
        if step == 0.0:
            continue
        beta[j] = new
        for k in range(at[j], at[j + 1]):
            eta[rows[k]] += step
            residual[rows[k]] -= weight[rows[k]] * step
        largest = max(largest, curvature * step * step)
    return largest


@njit(cache=True, nogil=True)
def _deviance(n, events, eta):  # type: ignore[no-untyped-def]  # pragma: no cover
    deviance = 0.0
    for i in range(n.size):
        log1p = np.log1p(np.exp(-abs(eta[i]))) + max(eta[i], 0.0)
        deviance += 2 * (n[i] * log1p - events[i] * eta[i])
    return deviance
