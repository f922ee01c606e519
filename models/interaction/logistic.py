"""Interaction term of a logistic regression, shrunk towards none by a normal prior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit
from scipy.stats import norm

from models.disproportionality.counts import LARGEST, Floats

PRIOR = 1.0  # standard deviation of the interaction's log odds ratio: 95 % of it between 1/7 and 7
WEAK = 5.0  # of the products' own log odds ratios, so that empty groups stay finite
_STEPS, _HALVINGS, _SETTLED = 60, 30, 1e-8
_DESIGN = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 0]], dtype=float)


@dataclass(frozen=True)
class ShrunkInteraction:
    """Ratio of odds ratios at the mode of the posterior, with the bounds of its normal approximation."""

    estimate: Floats
    lower: Floats
    upper: Floats


def logistic_interaction(
    n111: ArrayLike,
    n110: ArrayLike,
    n101: ArrayLike,
    n100: ArrayLike,
    n011: ArrayLike,
    n010: ArrayLike,
    n001: ArrayLike,
    n000: ArrayLike,
    prior: float = PRIOR,
    level: float = 0.95,
) -> ShrunkInteraction:
    """Fit logit P(event) = b0 + b1 x1 + b2 x2 + b3 x1 x2 to reports n[product 1][product 2][event]; exp(b3) is told.

    b3 has a normal prior of mean 0 and deviation `prior`, b1 and b2 a weak one. NaN where the mode was not reached, and
    where a count is negative or beyond what floats count exactly.

    Sources: interaction term on spontaneous reports: van Puijenbroek, Egberts, Heerdink, Leufkens 2000, Eur J Clin
    Pharmacol 56:733-738; normal prior: Genkin, Lewis, Madigan 2007, Technometrics 49:291-304.

    Raises:
        ValueError: `prior` not positive, `level` not in (0, 1).
    """
    counts = np.broadcast_arrays(*(np.asarray(x, float) for x in (n111, n110, n101, n100, n011, n010, n001, n000)))
    if not (prior > 0 and 0 < level < 1):
        raise ValueError(f"need prior > 0 and level in (0, 1); got {prior}, {level}")
    shape = counts[0].shape
    counted = np.logical_and.reduce([(x >= 0) & (x <= LARGEST) for x in counts])
    counts = tuple(np.where(counted, x, 0.0) for x in counts)
    events = np.stack([x.ravel() for x in counts[0::2]], axis=1)
    total = events + np.stack([x.ravel() for x in counts[1::2]], axis=1)
    precision = np.array([1e-12, WEAK**-2, WEAK**-2, prior**-2])
    beta, variance = _mode(events, total, precision)
    beta[~counted.ravel()] = np.nan
    half = norm.ppf(0.5 + level / 2) * np.sqrt(variance)
    return ShrunkInteraction(*(np.exp(x).reshape(shape) for x in (beta, beta - half, beta + half)))


def _mode(events: Floats, total: Floats, precision: Floats) -> tuple[Floats, Floats]:
    """Mode of b3 and its variance, each row by Newton's steps, halved where they overshoot."""
    rate = (events.sum(axis=1) + 0.5) / (total.sum(axis=1) + 1)
    beta = np.zeros((len(events), 4))
    beta[:, 0] = np.log(rate / (1 - rate))

    def loss(b: Floats) -> Floats:
        eta = b @ _DESIGN.T
        return (total * np.logaddexp(0, eta) - events * eta).sum(axis=1) + (precision * b**2).sum(axis=1) / 2

    now, information = loss(beta), np.zeros((len(events), 4, 4))
    gradient = np.full_like(beta, np.inf)
    for _ in range(_STEPS):
        p = expit(beta @ _DESIGN.T)
        gradient = (events - total * p) @ _DESIGN - precision * beta
        information = np.einsum("rg,gi,gj->rij", total * p * (1 - p), _DESIGN, _DESIGN) + np.diag(precision)
        if np.abs(gradient).max(initial=0) < _SETTLED:
            break
        step = _solve(information, gradient[..., None])[..., 0]
        for _ in range(_HALVINGS):
            worse = ~(loss(beta + step) <= now + 1e-9 * np.abs(now))
            if not worse.any():
                break
            step[worse] /= 2
        beta = beta + step
        now = loss(beta)
    variance = _solve(information, np.broadcast_to(np.eye(4), information.shape))[:, 3, 3]
    settled = (variance > 0) & (np.abs(gradient).max(axis=1) < 1e-4 * (1 + total.sum(axis=1)) ** 0.5)
    return np.where(settled, beta[:, 3], np.nan), np.where(settled, variance, np.nan)


def _solve(matrices: Floats, right: Floats) -> Floats:
    """Solve each row's system; zeros where its matrix has no inverse, as with counts beside which the priors vanish."""
    try:
        return np.asarray(np.linalg.solve(matrices, right))
    except np.linalg.LinAlgError:
        is_full = np.linalg.matrix_rank(matrices, hermitian=True) == matrices.shape[-1]
        found = np.zeros(right.shape)
        found[is_full] = np.linalg.solve(matrices[is_full], right[is_full])
        return found
