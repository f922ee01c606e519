"""Which substances a lasso keeps: by BIC on unpenalised refits, plain or adaptive.

Source: Courtois, Tubert-Bitter, Ahmed 2021, BMC Med Res Methodol 21:271 (doi:10.1186/s12874-021-01450-3); adaptive
weights: Zou 2006, J Am Stat Assoc 101:1418-1429.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from models.comedication.design import Design, Ints
from models.comedication.lasso import Floats, Path, lasso_path
from models.result import result

_STEPS, _HALVINGS = 50, 30
_SEPARATED = 20.0  # standard error of a log odds ratio that has no finite optimum


def refit(table: Design, events: Ints, chosen: NDArray[np.int64]) -> tuple[Floats, Floats, float]:
    """Unpenalised logistic regression on the chosen substances: coefficients and errors (intercept first), deviance.

    Raises:
        ArithmeticError: it does not converge (a substance separates the events).
    """
    x = np.zeros((table.n.size, chosen.size + 1))
    x[:, 0] = 1.0
    for i, j in enumerate(chosen, start=1):
        x[table.rows[table.at[j] : table.at[j + 1]], i] = 1.0
    distinct, inverse = np.unique(x, axis=0, return_inverse=True)
    n, y = (np.bincount(inverse.ravel(), v, len(distinct)).astype(float) for v in (table.n, events))
    beta = np.zeros(chosen.size + 1)
    beta[0] = np.log(y.sum() / (n.sum() - y.sum()))
    eta = distinct @ beta
    deviance = _deviance(n, y, eta)
    for _ in range(_STEPS):
        p = expit(eta)
        information = (distinct.T * (n * p * (1 - p))) @ distinct
        step = np.linalg.solve(information, distinct.T @ (y - n * p))
        for _ in range(_HALVINGS):
            eta = distinct @ (beta + step)
            after = _deviance(n, y, eta)
            if after <= deviance + 1e-12 * abs(deviance):
                break
            step = step / 2
        gain = deviance - after
        beta, deviance = beta + step, after
        if gain < 1e-11 * (deviance + 1):
            return beta, np.sqrt(np.diag(np.linalg.inv(information))), deviance
    raise ArithmeticError("the refit did not converge: a substance separates the events")


def _deviance(n: Floats, y: Floats, eta: Floats) -> float:
    return 2 * float((n * np.logaddexp(0, eta) - y * eta).sum())


def bic_along(table: Design, events: Ints, path: Path) -> Floats:
    """BIC = ln(N) df - (null deviance - deviance of the refit), for each penalty of a path; NaN where a refit fails."""
    known: dict[tuple[int, ...], float] = {}
    values = []
    for beta in path.beta:
        chosen = np.flatnonzero(beta)
        key = tuple(chosen.tolist())
        if key not in known:
            try:
                deviance = refit(table, events, chosen)[2]
                known[key] = np.log(table.n.sum()) * chosen.size - (path.null_deviance - deviance)
            except (ArithmeticError, np.linalg.LinAlgError):
                known[key] = np.nan
        values.append(known[key])
    return np.array(values)


def lasso_bic(table: Design, events: Ints, names: list[str], adaptive: bool = False) -> pl.DataFrame:
    """Choose the substances of an event by BIC and refit; one row a substance in the shape of `models.result`.

    `estimate` is the odds ratio adjusted for all chosen substances, the p-value that of its Wald test, and a signal is
    a chosen substance with an odds ratio above 1. Substances not chosen are not computed. `adaptive` weighs penalties
    by 1 / |beta| of a first lasso chosen by BIC.

    Raises:
        ValueError, NotConverged: see `lasso_path`.
    """
    most = max(20, int(np.sqrt(table.n.sum())))
    weights = None
    if adaptive:
        first = lasso_path(table, events, stop_at=most)
        beta = first.beta[int(np.nanargmin(bic_along(table, events, first)))]
        with np.errstate(divide="ignore"):
            weights = 1 / np.abs(beta)
    if weights is not None and not np.isfinite(weights).any():
        chosen = np.empty(0, np.int64)
    else:
        path = lasso_path(table, events, weights=weights, standardise=not adaptive, stop_at=most)
        chosen = np.flatnonzero(path.beta[int(np.nanargmin(bic_along(table, events, path)))])
    return _answer(table, events, names, chosen, "lasso_adaptive_bic" if adaptive else "lasso_bic")


def _answer(table: Design, events: Ints, names: list[str], chosen: NDArray[np.int64], method: str) -> pl.DataFrame:
    estimate, lower, upper, p = (np.full(len(names), np.nan) for _ in range(4))
    separated = np.empty(0, np.int64)
    if chosen.size:
        beta, error, _ = refit(table, events, chosen)
        z = norm.ppf(0.975)
        settled = error[1:] < _SEPARATED
        separated, chosen, beta, error = chosen[~settled], chosen[settled], beta[1:][settled], error[1:][settled]
        estimate[chosen] = np.exp(beta)
        lower[chosen], upper[chosen] = np.exp(beta - z * error), np.exp(beta + z * error)
        p[chosen] = 2 * norm.sf(np.abs(beta / error))
    reasons = ["not chosen" if np.isnan(e) else None for e in estimate]
    for at in separated:
        reasons[at] = "chosen, but it separates the events: no finite odds ratio"
    keys = pl.DataFrame({"substance": names})
    rule = "chosen by BIC, odds ratio > 1"
    flags = [bool(e > 1) for e in estimate]
    return result(
        method, rule, estimate, lower=lower, upper=upper, p_value=p, is_signal=flags, not_computed=reasons, keys=keys
    )
