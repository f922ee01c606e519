"""Negative log-likelihood of the two-gamma Poisson mixture, its gradient, and the weighted points it is summed over.

Belongs here: the objective. Does not: its minimisation (`fit`) or what follows from a prior (`posterior`). Three
likelihoods are in use for the same data and give different scores, so each has a name:

- ``zero_inclusive``: every cell of the product x event table counts, also those with no report (DuMouchel 1999;
  PhViD's default).
- ``component_truncated``: observed cells only, each component conditioned on n >= 1 before mixing (openEBGM; PhViD
  TRONC).
- ``mixture_truncated``: observed cells only, the whole mixture conditioned on n >= 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gammaln, psi

Floats = NDArray[np.float64]
Likelihood = Literal["zero_inclusive", "component_truncated", "mixture_truncated"]
LIKELIHOODS: tuple[str, ...] = get_args(Likelihood)


@dataclass(frozen=True)
class Points:
    """Weighted points (n, E, weight): `weight` cells hold n reports where E were expected. Arrays of one length."""

    n: Floats
    expected: Floats
    weight: Floats

    def __len__(self) -> int:
        """Return the number of distinct points, not of cells."""
        return self.n.size


def observed_points(n: ArrayLike, expected: ArrayLike, weight: ArrayLike = 1.0) -> Points:
    """Group identical (n, E) and add their weights; the likelihood is unchanged.

    Raises:
        ValueError: n negative or not whole, E not positive, a weight not positive, or anything not finite.
    """
    n, expected, weight = (
        x.ravel() for x in np.broadcast_arrays(*(np.asarray(x, float) for x in (n, expected, weight)))
    )
    if not (np.all(n >= 0) and np.all(n == np.floor(n)) and np.all(np.isfinite(n))):
        raise ValueError("n must be whole and not negative")
    if not np.all(np.isfinite(expected) & (expected > 0)):
        raise ValueError("expected counts must be positive and finite")
    if not np.all(np.isfinite(weight) & (weight > 0)):
        raise ValueError("weights must be positive and finite")
    order = np.lexsort((expected, n))
    n, expected, weight = n[order], expected[order], weight[order]
    is_new = np.ones(n.size, dtype=bool)
    is_new[1:] = (np.diff(n) != 0) | (np.diff(expected) != 0)
    if n.size == 0:
        return Points(n, expected, weight)
    return Points(n[is_new], expected[is_new], np.add.reduceat(weight, np.flatnonzero(is_new)))


def zero_points(
    product_margins: ArrayLike, event_margins: ArrayLike, n_total: int, n_product: ArrayLike, n_event: ArrayLike
) -> Points:
    """All cells without a report as points (0, E, number of cells), exactly and without listing them.

    E = n1. * n.1 / N depends on the product of the margins alone, so cells are counted by distinct margin values: all
    cells with such a product, less those observed (CAERS: 3,799,483 cells, 1,258 points).

    Args:
        product_margins: reports of each product, one per product (all products).
        event_margins: reports of each event, one per event (all events).
        n_total: N.
        n_product: product margin of each observed pair.
        n_event: event margin of each observed pair.

    Raises:
        ValueError: more pairs were observed at some margins than the table has cells there.
    """
    rows, n_rows = np.unique(np.asarray(product_margins, dtype=np.int64), return_counts=True)
    columns, n_columns = np.unique(np.asarray(event_margins, dtype=np.int64), return_counts=True)
    observed = np.asarray(n_product, dtype=np.int64) * np.asarray(n_event, dtype=np.int64)
    key = np.concatenate([np.outer(rows, columns).ravel(), observed])
    cells = np.concatenate([np.outer(n_rows, n_columns).ravel(), np.full(observed.size, -1)])
    order = np.argsort(key, kind="stable")
    key, cells = key[order], cells[order]
    first = np.flatnonzero(np.concatenate([[True], np.diff(key) != 0]))
    left = np.add.reduceat(cells, first)
    if np.any(left < 0):
        raise ValueError("margins do not hold all observed pairs: pass one margin per product and per event")
    kept = left > 0
    zeros = np.zeros(int(kept.sum()))
    return Points(zeros, key[first][kept] / n_total, left[kept].astype(float))


def weighted_points(
    n11: ArrayLike,
    n_product: ArrayLike,
    n_event: ArrayLike,
    n_total: int,
    product_margins: ArrayLike,
    event_margins: ArrayLike,
    with_zeros: bool = True,
) -> Points:
    """Points of a whole pair table: the observed pairs grouped by (n, E), and all its empty cells if `with_zeros`.

    See `observed_points` and `zero_points` for the arguments and errors.
    """
    key = np.asarray(n_product, dtype=np.int64) * np.asarray(n_event, dtype=np.int64)
    observed = observed_points(n11, key / n_total)
    if not with_zeros:
        return observed
    zeros = zero_points(product_margins, event_margins, n_total, n_product, n_event)
    return Points(*(np.concatenate([getattr(zeros, f), getattr(observed, f)]) for f in ("n", "expected", "weight")))


class Objective:
    """Mean negative log-likelihood and gradient at x = (ln alpha1, ln beta1, ln alpha2, ln beta2, logit p).

    Gamma functions are evaluated once per distinct n; the rest is five logarithms per point and evaluation.
    """

    def __init__(self, points: Points, likelihood: Likelihood = "zero_inclusive") -> None:
        """Prepare for the points.

        Raises:
            ValueError: unknown likelihood, no points, or a truncated likelihood given a point with n = 0.
        """
        if likelihood not in LIKELIHOODS:
            raise ValueError(f"unknown likelihood {likelihood!r}; known: {', '.join(LIKELIHOODS)}")
        if len(points) == 0:
            raise ValueError("no points to fit")
        if likelihood != "zero_inclusive" and np.any(points.n == 0):
            raise ValueError(f"{likelihood} is a likelihood of observed pairs; it was given points with n = 0")
        self.points, self.likelihood = points, likelihood
        self.total = float(points.weight.sum())
        self._share = points.weight / self.total
        self._counts, self._at = np.unique(points.n, return_inverse=True)
        self._log_factorial = gammaln(self._counts + 1)
        self._log_e = np.log(points.expected)

    def __call__(self, x: Floats) -> tuple[float, Floats]:
        """Return the mean negative log-likelihood per cell and its gradient (shape 5)."""
        w = expit(x[4])
        log_f1, d_alpha1, d_beta1, zero1 = self._component(np.exp(x[0]), np.exp(x[1]))
        log_f2, d_alpha2, d_beta2, zero2 = self._component(np.exp(x[2]), np.exp(x[3]))
        with np.errstate(divide="ignore"):
            log_part1, log_part2 = np.log(w) + log_f1, np.log1p(-w) + log_f2
        log_mix = np.logaddexp(log_part1, log_part2)
        r1 = np.exp(log_part1 - log_mix)  # share of component 1 in each point
        parts = [r1 * d_alpha1, r1 * d_beta1, (1 - r1) * d_alpha2, (1 - r1) * d_beta2, r1 - w]
        if self.likelihood == "mixture_truncated":
            (f0_1, da1, db1), (f0_2, da2, db2) = zero1, zero2
            kept = 1 - (w * f0_1 + (1 - w) * f0_2)
            log_mix = log_mix - np.log(kept)
            zero_slopes = [w * f0_1 * da1, w * f0_1 * db1, (1 - w) * f0_2 * da2, (1 - w) * f0_2 * db2]
            zero_slopes.append(w * (1 - w) * (f0_1 - f0_2))
            parts = [part + slope / kept for part, slope in zip(parts, zero_slopes, strict=True)]
        return -float(self._share @ log_mix), -np.array([self._share @ part for part in parts])

    def _component(self, alpha: float, beta: float) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats, Floats]]:
        """ln f, d ln f / d ln alpha, d ln f / d ln beta, and (f(0), d ln f(0)/d ln alpha, d ln f(0)/d ln beta)."""
        n, expected = self.points.n, self.points.expected
        log_share = -np.log1p(expected / beta)  # ln(beta / (beta + E))
        constant = gammaln(alpha + self._counts) - gammaln(alpha) - self._log_factorial
        log_rate = self._log_e - np.log(beta + expected)
        log_f = constant[self._at] + alpha * log_share + n * log_rate
        d_alpha = alpha * ((psi(alpha + self._counts) - psi(alpha))[self._at] + log_share)
        d_beta = alpha - (alpha + n) * (beta / (beta + expected))
        if self.likelihood == "zero_inclusive":
            return log_f, d_alpha, d_beta, (log_f, d_alpha, d_beta)
        f0 = np.exp(alpha * log_share)
        d0_alpha, d0_beta = alpha * log_share, alpha * expected / (beta + expected)
        if self.likelihood == "component_truncated":
            kept = -np.expm1(alpha * log_share)
            odds0 = f0 / kept
            log_f, d_alpha, d_beta = log_f - np.log(kept), d_alpha + odds0 * d0_alpha, d_beta + odds0 * d0_beta
        return log_f, d_alpha, d_beta, (f0, d0_alpha, d0_beta)


def negative_log_likelihood(
    theta: ArrayLike,
    n: ArrayLike,
    expected: ArrayLike,
    weight: ArrayLike = 1.0,
    likelihood: Likelihood = "zero_inclusive",
) -> float:
    """Negative log-likelihood (nats) of theta = (alpha1, beta1, alpha2, beta2, p), beta a rate, summed over weighted
    points.

    Source: DuMouchel 1999, Am Stat 53:177-190; DuMouchel and Pregibon 2001 (KDD) for the truncated form.

    Raises:
        ValueError: parameters out of range, or see `observed_points` and `Objective`.
    """
    objective = Objective(observed_points(n, expected, weight), likelihood)
    return objective(to_unbounded(theta))[0] * objective.total


def to_unbounded(theta: ArrayLike) -> Floats:
    """(alpha1, beta1, alpha2, beta2, p) as (ln, ln, ln, ln, logit).

    Raises:
        ValueError: a parameter out of range.
    """
    theta = np.asarray(theta, dtype=float)
    if theta.shape != (5,) or not (np.all(theta > 0) and np.all(np.isfinite(theta)) and theta[4] < 1):
        raise ValueError(f"theta needs four positive numbers and a p in (0, 1), got {theta}")
    return np.append(np.log(theta[:4]), np.log(theta[4]) - np.log1p(-theta[4]))
