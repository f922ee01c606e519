"""What a prior says of a pair: posterior weight, EBGM and quantiles of the reporting ratio lambda (no unit).

The posterior is Q Gamma(alpha1+n, beta1+E) + (1-Q) Gamma(alpha2+n, beta2+E), Q from the untruncated marginals
whichever likelihood the prior was fitted with (as in openEBGM and PhViD). Pairs with the same (n, E) share one
computation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, gammainc, gammaincinv, gammaln, psi

from models.mgps.fit import Prior
from models.mgps.likelihood import Floats

_TOLERANCE = 1e-12  # of ln lambda
_LAST_STEP = 1e-4  # of the posterior's width in ln lambda, by Halley: what is left is of the order of its cube
_HALLEY_STEPS, _MAX_STEPS = 40, 100  # 60 halvings of the widest bracket end below the tolerance
_LEAST, _MOST = np.log(np.finfo(float).tiny), np.log(np.finfo(float).max)
_SLACK = 1e-9


@dataclass(frozen=True)
class Scores:
    """Posterior summary per pair, arrays of one shape: weight of component 1, EBGM, EB05, EB95."""

    q: Floats
    ebgm: Floats
    eb05: Floats
    eb95: Floats


def score(n: ArrayLike, expected: ArrayLike, prior: Prior) -> Scores:
    """Qn, EBGM, EB05 and EB95 of each pair of count n and expected count E (broadcast).

    Source: DuMouchel 1999, Am Stat 53:177-190; DuMouchel and Pregibon 2001 (KDD).

    Raises:
        ValueError: n negative, E not positive, or anything not finite.
    """
    distinct_n, distinct_e, inverse, shape = _distinct(n, expected)
    q = _weight(distinct_n, distinct_e, prior)
    parts = (
        q,
        _geometric_mean(distinct_n, distinct_e, q, prior),
        _quantile(distinct_n, distinct_e, q, prior, 0.05),
        _quantile(distinct_n, distinct_e, q, prior, 0.95),
    )
    return Scores(*(part[inverse].reshape(shape) for part in parts))


def posterior_weight(n: ArrayLike, expected: ArrayLike, prior: Prior) -> Floats:
    """Qn: posterior probability of component 1. Errors and source as `score`."""
    distinct_n, distinct_e, inverse, shape = _distinct(n, expected)
    return _weight(distinct_n, distinct_e, prior)[inverse].reshape(shape)


def ebgm(n: ArrayLike, expected: ArrayLike, prior: Prior) -> Floats:
    """Empirical Bayes geometric mean exp(E[ln lambda | n]). Errors and source as `score`."""
    distinct_n, distinct_e, inverse, shape = _distinct(n, expected)
    weight = _weight(distinct_n, distinct_e, prior)
    return _geometric_mean(distinct_n, distinct_e, weight, prior)[inverse].reshape(shape)


def quantile(n: ArrayLike, expected: ArrayLike, prior: Prior, probability: float) -> Floats:
    """Posterior quantile of lambda; EB05 is probability 0.05. Errors and source as `score`.

    Raises:
        ValueError: also for a probability outside (0, 1).
    """
    if not 0 < probability < 1:
        raise ValueError(f"probability must lie in (0, 1), got {probability}")
    distinct_n, distinct_e, inverse, shape = _distinct(n, expected)
    weight = _weight(distinct_n, distinct_e, prior)
    return _quantile(distinct_n, distinct_e, weight, prior, probability)[inverse].reshape(shape)


def probability_below(n: ArrayLike, expected: ArrayLike, prior: Prior, ratio: float = 1.0) -> Floats:
    """Posterior probability that lambda <= ratio; at 1 it is the null probability of Ahmed et al. 2009, Stat Med
    28:1774."""
    n, expected = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(expected, dtype=float))
    return _cdf(np.full(n.shape, ratio), n, expected, posterior_weight(n, expected, prior), prior)


def _distinct(n: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats, np.ndarray, tuple[int, ...]]:
    """Distinct (n, E), and for each pair the place of its own."""
    n, expected = np.broadcast_arrays(np.asarray(n, dtype=float), np.asarray(expected, dtype=float))
    if not (np.all(np.isfinite(n) & (n >= 0)) and np.all(np.isfinite(expected) & (expected > 0))):
        raise ValueError("need n >= 0 and E > 0, all finite")
    shape, n, expected = n.shape, n.ravel(), expected.ravel()
    order = np.lexsort((expected, n))
    is_new = np.ones(n.size, dtype=bool)
    is_new[1:] = (np.diff(n[order]) != 0) | (np.diff(expected[order]) != 0)
    inverse = np.empty(n.size, dtype=np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    first = order[is_new]
    return n[first], expected[first], inverse, shape


def _weight(n: Floats, expected: Floats, prior: Prior) -> Floats:
    """p f1 / (p f1 + (1-p) f2), f negative binomial; the factor E^n / n! cancels."""
    counts, at = np.unique(n, return_inverse=True)

    def log_density(alpha: float, beta: float) -> Floats:
        with np.errstate(over="ignore", invalid="ignore"):
            rising = (gammaln(alpha + counts) - gammaln(alpha))[at]
            return rising - alpha * np.log1p(expected / beta) - n * np.log(beta + expected)

    gap = log_density(prior.alpha1, prior.beta1) - log_density(prior.alpha2, prior.beta2)
    return expit(gap + np.log(prior.p) - np.log1p(-prior.p))


def _geometric_mean(n: Floats, expected: Floats, q: Floats, prior: Prior) -> Floats:
    counts, at = np.unique(n, return_inverse=True)
    mean1 = psi(prior.alpha1 + counts)[at] - np.log(prior.beta1 + expected)
    mean2 = psi(prior.alpha2 + counts)[at] - np.log(prior.beta2 + expected)
    return np.exp(q * mean1 + (1 - q) * mean2)


def _cdf(x: Floats, n: Floats, expected: Floats, q: Floats, prior: Prior) -> Floats:
    part1 = gammainc(prior.alpha1 + n, x * (prior.beta1 + expected))
    return q * part1 + (1 - q) * gammainc(prior.alpha2 + n, x * (prior.beta2 + expected))


def _density(
    x: Floats, n: Floats, expected: Floats, q: Floats, rising: Sequence[Floats], prior: Prior
) -> tuple[Floats, Floats]:
    """First and second derivative of the distribution function in ln x; `rising`: ln Gamma(alpha + n) of each part."""

    def part(alpha: float, beta: float, log_gamma: Floats) -> tuple[Floats, Floats]:
        shape, scaled = alpha + n, x * (beta + expected)
        density = np.exp(shape * np.log(scaled) - scaled - log_gamma)
        return density, density * (shape - scaled)

    first, slope = part(prior.alpha1, prior.beta1, rising[0])
    second, other = part(prior.alpha2, prior.beta2, rising[1])
    return q * first + (1 - q) * second, q * slope + (1 - q) * other


def _quantile(n: Floats, expected: Floats, q: Floats, prior: Prior, probability: float) -> Floats:
    """Root of the mixture's distribution function in ln lambda; 0 where it is below the smallest normal float.

    The root lies between the two components' own quantiles, which cost one inverse gamma per distinct n. Halley's steps
    (Newton's, bent by the second derivative) are taken while they stay in the bracket and at least halve, else the
    bracket is halved; after `_HALLEY_STEPS` it always is, so that rounding, flat stretches between far components and
    steep ones all end within `_MAX_STEPS`. A step triples the right digits: one of `_LAST_STEP` of the posterior's
    width is the last.
    """
    counts, at = np.unique(n, return_inverse=True)
    with np.errstate(divide="ignore"):
        ends = [
            np.clip(np.log(gammaincinv(alpha + counts, probability))[at] - np.log(beta + expected), _LEAST, _MOST)
            for alpha, beta in ((prior.alpha1, prior.beta1), (prior.alpha2, prior.beta2))
        ]
    low, high = np.minimum(*ends) - _SLACK, np.maximum(*ends) + _SLACK
    widest = 1 + max(prior.alpha1, prior.alpha2)
    rising = [gammaln(alpha + counts)[at] for alpha in (prior.alpha1, prior.alpha2)]
    x, length = q * ends[0] + (1 - q) * ends[1], high - low
    active = np.arange(n.size)
    for taken in range(_MAX_STEPS):
        now, below, above = x[active], low[active], high[active]
        n_now, e_now, q_now = n[active], expected[active], q[active]
        at_x = np.exp(now)
        error = _cdf(at_x, n_now, e_now, q_now, prior) - probability
        below, above = np.where(error < 0, now, below), np.where(error > 0, now, above)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            slope, bend = _density(at_x, n_now, e_now, q_now, [r[active] for r in rising], prior)
            step = error / slope
            bend = bend / slope
            step, wide = step / np.clip(1 - step * bend / 2, 0.5, 2.0), np.abs(bend) + np.sqrt(n_now + widest)
            there = now - step
        is_taken = (there > below) & (there < above) & (np.abs(step) <= length[active] / 2) & (taken < _HALLEY_STEPS)
        moved = np.where(error == 0, now, np.where(is_taken, there, (below + above) / 2))
        x[active], low[active], high[active] = moved, below, above
        length[active] = np.abs(moved - now)
        is_last = is_taken & (length[active] * wide <= _LAST_STEP)
        ended = is_last | (length[active] <= _TOLERANCE)
        active = active[~ended]
        if active.size == 0:
            break
    return np.where(x > _LEAST + 2 * _SLACK, np.exp(x), 0.0)
