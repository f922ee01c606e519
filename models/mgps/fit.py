"""Fit the two-gamma prior by maximum likelihood from several starts, and say how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import expit

from models.mgps.likelihood import LIKELIHOODS, Floats, Objective, Points, to_unbounded
from models.mgps.squash import gridded

ALL_STARTS: tuple[tuple[float, ...], ...] = (
    (0.2, 0.1, 2.0, 4.0, 1 / 3),  # DuMouchel 1999
    (0.2, 0.06, 1.4, 1.8, 0.1),  # PhViD's default, from DuMouchel's AERS fit
    (0.1, 0.2, 10.0, 10.0, 0.2),
    (0.3, 0.5, 6.0, 6.0, 0.5),
    (20.0, 2.0, 1.0, 1.0, 0.02),  # a rare, strong component: where truncated mixtures tend to end
)
PARAMETERS = ("alpha1", "beta1", "alpha2", "beta2", "p")
OPENEBGM = "openebgm"
FITS = (*LIKELIHOODS, OPENEBGM)
OPENEBGM_STARTS = ALL_STARTS[:3]
"""On CAERS they lead to the optimum that openEBGM publishes (4162.4557); the other two find a better one, 4162.1808."""
_LARGE = 200_000
_BOUND = 12.0  # |ln parameter|, |logit p|: e^12 = 1.6e5; a fit that reaches it is not an interior optimum
_NEWTON_STEPS = 12
_GRADIENT_TOLERANCE = 1e-12
_CONVERGED_GRADIENT = 1e-8
_HESSIAN_STEP = 1e-5


class Minimised(Protocol):
    """What a fit minimises: mean value and gradient at x (shape 5), over `total` cells."""

    total: float

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Return value and gradient."""
        ...


@dataclass(frozen=True)
class Start:
    """One start of the optimiser and the optimum it led to."""

    start: tuple[float, ...]
    optimum: tuple[float, float, float, float, float]
    neg_log_likelihood: float
    converged: bool


@dataclass(frozen=True)
class Prior:
    """Mixture p Gamma(alpha1, rate beta1) + (1-p) Gamma(alpha2, rate beta2) of the reporting ratio lambda, and its fit.

    Component 1 is the lighter one (p <= 1/2), as it is in all published fits, so equal fits have equal parameters.
    """

    alpha1: float
    beta1: float
    alpha2: float
    beta2: float
    p: float
    likelihood: str
    neg_log_likelihood: float = float("nan")
    n_points: int = 0
    converged: bool = True
    starts: tuple[Start, ...] = ()

    @property
    def theta(self) -> tuple[float, float, float, float, float]:
        """(alpha1, beta1, alpha2, beta2, p)."""
        return self.alpha1, self.beta1, self.alpha2, self.beta2, self.p


def fitted(row: Mapping[str, Any]) -> Prior:
    """Return the prior that a row of `gold.prior` holds."""
    known = {name: row[name] for name in (*PARAMETERS, "likelihood")}
    return Prior(**known, converged=row["is_converged"])


def fit(points: Points, likelihood: str = "zero_inclusive", starts: Sequence[ArrayLike] | None = None) -> Prior:
    """Fit the prior to weighted points; the best of all starts is returned with every start's optimum.

    L-BFGS-B with the analytic gradient in log and logit parameters, then Newton steps until the gradient per cell
    vanishes. The surface has several optima (CAERS, zero-inclusive: 87348.32, 87353.84, 87368.88), so one start is not
    enough. `converged` is True if the best optimum is interior with a vanishing gradient; do not score with a prior
    for which it is False.

    More than 200,000 points are put on a grid of E (`squash.gridded`) for the search from all starts; the best optimum
    is then refined on the points themselves.

    `likelihood` is one of `LIKELIHOODS`, or ``openebgm``: `component_truncated` at the optimum that openEBGM finds,
    which need not be the best, and under that name. `starts` defaults to all that are known, `ALL_STARTS`.

    Source: DuMouchel 1999, Am Stat 53:177-190.

    Raises:
        ValueError: no starts, a start out of range, or see `Objective`.
    """
    form: Any = "component_truncated" if likelihood == OPENEBGM else likelihood
    objective = Objective(points, form)
    if starts is None:
        starts = OPENEBGM_STARTS if likelihood == OPENEBGM else ALL_STARTS
    if len(starts) == 0:
        raise ValueError("give at least one start")
    is_large = len(points) > _LARGE
    searched = Objective(gridded(points), form) if is_large else objective
    tried = tuple(one_start(searched, start) for start in starts)
    best = min(tried, key=lambda one: (not one.converged, one.neg_log_likelihood))
    if is_large:
        best = one_start(objective, best.optimum)
    alpha1, beta1, alpha2, beta2, p = best.optimum
    return Prior(
        *(alpha1, beta1, alpha2, beta2, p),
        likelihood=likelihood,
        neg_log_likelihood=best.neg_log_likelihood,
        n_points=len(points),
        converged=best.converged,
        starts=tried,
    )


def one_start(objective: Minimised, start: ArrayLike) -> Start:
    """Lead one start, on the parameters' own scale, to its optimum."""
    x0 = np.clip(to_unbounded(start), -_BOUND, _BOUND)
    found = minimize(
        objective,
        x0,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-_BOUND, _BOUND)] * x0.size,
        options={"maxiter": 1000, "maxfun": 2000, "maxcor": 20, "ftol": 1e-11, "gtol": 1e-7},
    )
    x, value, gradient = _polish(objective, np.asarray(found.x))
    interior = bool(np.all(np.abs(x) < _BOUND - 1e-3))
    converged = interior and bool(np.max(np.abs(gradient)) < 100 * _GRADIENT_TOLERANCE)
    optimum = canonical(x)
    return Start(tuple(float(s) for s in np.asarray(start)), optimum, value * objective.total, converged)


def _polish(objective: Minimised, x: Floats) -> tuple[Floats, float, Floats]:
    """Newton steps with a Hessian by central differences of the gradient; a step is kept only if it does not climb."""
    value, gradient = objective(x)
    for _ in range(_NEWTON_STEPS):
        if np.max(np.abs(gradient)) < _GRADIENT_TOLERANCE:
            break
        hessian = _hessian(objective, x)
        if not np.isfinite(hessian).all():
            break
        eigenvalues, vectors = np.linalg.eigh(hessian)
        if eigenvalues[0] <= 0:
            break
        step = vectors @ ((vectors.T @ gradient) / eigenvalues)
        candidate = np.clip(x - step * min(1.0, 1.0 / np.max(np.abs(step))), -_BOUND, _BOUND)
        new_value, new_gradient = objective(candidate)
        if new_value > value + 1e-13 * abs(value):
            break
        x, value, gradient = candidate, new_value, new_gradient
    return x, value, gradient


def _hessian(objective: Minimised, x: Floats) -> Floats:
    shifts = np.eye(x.size) * _HESSIAN_STEP
    rows = [(objective(x + shift)[1] - objective(x - shift)[1]) / (2 * _HESSIAN_STEP) for shift in shifts]
    return (np.array(rows) + np.array(rows).T) / 2


def canonical(x: Floats) -> tuple[float, float, float, float, float]:
    """Parameters on their own scale with the lighter component first."""
    alpha1, beta1, alpha2, beta2 = (float(v) for v in np.exp(x[:4]))
    p = float(expit(x[4]))
    if p > 0.5:
        return alpha2, beta2, alpha1, beta1, float(expit(-x[4]))
    return alpha1, beta1, alpha2, beta2, p
