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
    total = table.n.sum()
    share = (
        np.array([table.n[table.rows[table.at[j] : table.at[j + 1]]].sum() for j in range(table.n_substances)]) / total
    )
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


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _descend(at, rows, n, events, scale, penalty, before, beta, intercept):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Newton steps, each solved by coordinate descent over substances that the strong rule keeps; returns deviance."""
    n_sets, n_columns = n.size, at.size - 1
    total = n.sum()
    eta = np.full(n_sets, intercept[0])
    for j in range(n_columns):
        if beta[j] != 0.0:
            for k in range(at[j], at[j + 1]):
                eta[rows[k]] += beta[j]
    weight, residual = np.empty(n_sets), np.empty(n_sets)
    kept = np.zeros(n_columns, dtype=np.bool_)
    first = True
    for _ in range(CEILING):
        for i in range(n_sets):
            p = 1 / (1 + np.exp(-eta[i]))
            weight[i] = max(n[i] * p * (1 - p) / total, 1e-12 * n[i] / total)
            residual[i] = (events[i] - n[i] * p) / total
        if first:
            for j in range(n_columns):
                kept[j] = beta[j] != 0.0
                if not kept[j] and np.isfinite(scale[j]):
                    gradient = 0.0
                    for k in range(at[j], at[j + 1]):
                        gradient += residual[rows[k]]
                    kept[j] = abs(gradient) >= (2 * penalty - before) * scale[j]
            first = False
        moved = 0.0
        for _sweep in range(CEILING):
            largest = 0.0
            g, v = residual.sum(), weight.sum()
            step = g / v
            intercept[0] += step
            for i in range(n_sets):
                eta[i] += step
                residual[i] -= weight[i] * step
            largest = max(largest, v * step * step)
            for j in range(n_columns):
                if not kept[j]:
                    continue
                g, v = 0.0, 0.0
                for k in range(at[j], at[j + 1]):
                    g += residual[rows[k]]
                    v += weight[rows[k]]
                u = g + v * beta[j]
                limit = penalty * scale[j]
                new = 0.0 if abs(u) <= limit else (u - np.sign(u) * limit) / v
                step = new - beta[j]
                if step != 0.0:
                    beta[j] = new
                    for k in range(at[j], at[j + 1]):
                        eta[rows[k]] += step
                        residual[rows[k]] -= weight[rows[k]] * step
                    largest = max(largest, v * step * step)
            moved = max(moved, largest)
            if largest < TOLERANCE * 1e-4:
                break
        if moved < TOLERANCE * 1e-2:
            missed = False
            for i in range(n_sets):
                p = 1 / (1 + np.exp(-eta[i]))
                residual[i] = (events[i] - n[i] * p) / total
            for j in range(n_columns):
                if not kept[j] and np.isfinite(scale[j]):
                    g = 0.0
                    for k in range(at[j], at[j + 1]):
                        g += residual[rows[k]]
                    if abs(g) > penalty * scale[j] * (1 + 1e-9):
                        kept[j] = True
                        missed = True
            if not missed:
                deviance = 0.0
                for i in range(n_sets):
                    a = eta[i]
                    log1p = np.log1p(np.exp(-abs(a))) + max(a, 0.0)
                    deviance += 2 * (n[i] * log1p - events[i] * a)
                return deviance
    return np.nan
