"""Information component in its four published variants. "IC" alone is ambiguous: always name which one. All in log2
units.

`ic` is the default of the platform (Norén 2013). `ic_bate_gould` and `ic_noren_2006` exist to compare with programs
that use them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaincinv, ndtr, ndtri, polygamma, psi

from models.disproportionality.counts import Cells, Floats

_LN2 = np.log(2.0)
_DENSE_LIMIT = 10_000_000
_DRAWS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class InformationComponent:
    """IC with its bounds (log2), arrays of one shape; NaN where undefined."""

    estimate: Floats
    lower: Floats
    upper: Floats


def ic(
    a: ArrayLike, expected: ArrayLike, level: float = 0.95, interval: Literal["gamma", "power"] = "gamma"
) -> InformationComponent:
    """IC = log2((a+1/2)/(E+1/2)) with bounds (log2); defined for every a >= 0, E >= 0, NaN elsewhere.

    ``gamma``: exact quantiles of Gamma(shape a+1/2, rate E+1/2). Quantiles are computed once per distinct a, then
    divided by E+1/2.
    ``power``: the approximation IC - 3.3 (a+1/2)^-1/2 - 2 (a+1/2)^-3/2 and IC + 2.4 (a+1/2)^-1/2 - 0.5 (a+1/2)^-3/2;
    95 % only.

    Source: Norén, Hopstadius, Bate 2013, Stat Methods Med Res 22:57-69 (PMC6331976).

    Raises:
        ValueError: `level` not in (0, 1), unknown interval, power interval at another level.
    """
    a, expected = np.broadcast_arrays(np.asarray(a, dtype=float), np.asarray(expected, dtype=float))
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    known = np.isfinite(a) & (a >= 0) & np.isfinite(expected) & (expected >= 0)
    a, expected = np.where(known, a, 0.0), np.where(known, expected, np.nan)
    estimate = np.log2((a + 0.5) / (expected + 0.5))
    if interval == "power":
        if level != 0.95:
            raise ValueError("the power approximation is published for the 95 % interval only")
        half, three_halves = (a + 0.5) ** -0.5, (a + 0.5) ** -1.5
        return InformationComponent(
            estimate, estimate - 3.3 * half - 2 * three_halves, estimate + 2.4 * half - 0.5 * three_halves
        )
    if interval != "gamma":
        raise ValueError(f"unknown IC interval: {interval!r}")
    log_rate = np.log2(expected + 0.5)
    lower, upper = (log2_gamma_quantile(a, q) - log_rate for q in ((1 - level) / 2, (1 + level) / 2))
    return InformationComponent(estimate, lower, upper)


def log2_gamma_quantile(a: Floats, q: float) -> Floats:
    """log2 of the q-quantile of Gamma(a+1/2, 1), computed once per distinct count a and looked up."""
    whole = a.size > 0 and float(a.max()) < _DENSE_LIMIT and bool(np.all(a == np.floor(a)))
    if not whole:
        distinct, inverse = np.unique(a, return_inverse=True)
        return np.log2(gammaincinv(distinct + 0.5, q))[inverse].reshape(a.shape)
    index = a.astype(np.int64)
    present = np.zeros(int(index.max()) + 1, dtype=bool)
    present[index] = True
    table = np.full(present.size, np.nan)
    counts = np.flatnonzero(present)
    table[counts] = np.log2(gammaincinv(counts + 0.5, q))
    return table[index]


def ic_bate_gould_moments(cells: Cells) -> tuple[Floats, Floats]:
    """Posterior mean and variance of the IC (log2, log2^2) under Bate's beta model; NaN where a margin is zero.

    p1=1+n1., q1=1+n.1, r1=1+a, r2=N-a-1+(2+N)^2/(p1 q1); moments by digamma and trigamma.
    Source: Bate et al. 1998, Eur J Clin Pharmacol 54:315-321; Gould 2003, Pharmacoepidemiol Drug Saf 12:559-574, A3-A4.
    """
    n, p1, q1, r1 = cells.n_total, 1 + cells.n_product, 1 + cells.n_event, 1 + cells.a
    p2, q2 = 1 + n - cells.n_product, 1 + n - cells.n_event
    r2 = n - cells.a - 1 + (2 + n) ** 2 / (q1 * p1)
    mean = (psi(r1) - psi(r1 + r2) - (psi(p1) - psi(p1 + p2) + psi(q1) - psi(q1 + q2))) / _LN2

    def trigamma_gap(x: Floats, y: Floats) -> Floats:
        return polygamma(1, x) - polygamma(1, x + y)

    variance = (trigamma_gap(r1, r2) + trigamma_gap(p1, p2) + trigamma_gap(q1, q2)) / _LN2**2
    return mean, variance


def ic_bate_gould(cells: Cells, level: float = 0.95) -> InformationComponent:
    """Bate/Gould IC (log2) with a normal interval; the variant of PhViD's BCPNN(MC=FALSE). See
    `ic_bate_gould_moments`."""
    mean, variance = ic_bate_gould_moments(cells)
    half_width = ndtri((1 + level) / 2) * np.sqrt(variance)
    return InformationComponent(mean, mean - half_width, mean + half_width)


def ic_bate_gould_null(cells: Cells, relative_rate: float = 1.0) -> Floats:
    """Posterior probability that IC <= log2(relative_rate), normal approximation. Source: Ahmed et al. 2009, Stat Med
    28:1774."""
    mean, variance = ic_bate_gould_moments(cells)
    return ndtr((np.log2(relative_rate) - mean) / np.sqrt(variance))


def _dirichlet(cells: Cells) -> tuple[Floats, Floats, Floats, Floats]:
    """Posterior Dirichlet parameters of the four cells (Norén 2006): prior independent, as strong as to give
    E[11]=1/2."""
    n = cells.n_total
    q_product, q_event = (cells.n_product + 0.5) / (n + 1), (cells.n_event + 0.5) / (n + 1)
    strength = 0.5 / (q_product * q_event)
    return (
        cells.a + q_product * q_event * strength,
        cells.b + q_product * (1 - q_event) * strength,
        cells.c + (1 - q_product) * q_event * strength,
        cells.d + (1 - q_product) * (1 - q_event) * strength,
    )


def ic_noren_2006(
    cells: Cells, level: float = 0.95, draws: int = 100_000, seed: int = 20060101
) -> InformationComponent:
    """Norén 2006 IC (log2): maximum a posteriori log2(g11 g.. / (g1. g.1)), bounds as quantiles of `draws` Dirichlet
    draws per pair.

    The bounds carry Monte Carlo error and repeat for a given seed. `draws=0` gives the estimate with NaN bounds.

    Source: Norén, Bate, Orre, Edwards 2006, Stat Med 25:3740-3757.

    Raises:
        ValueError: `level` not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie in (0, 1), got {level}")
    g11, g10, g01, g00 = _dirichlet(cells)
    estimate = np.log2(g11 * (g11 + g10 + g01 + g00) / ((g11 + g10) * (g11 + g01)))
    bounds = np.full((2, estimate.size), np.nan)
    parameters = np.stack([g.ravel() for g in (g11, g10, g01, g00)])
    rng = np.random.default_rng(seed)
    step = max(1, _DRAWS_AT_ONCE // max(draws, 1))
    for first in range(0, estimate.size if draws else 0, step):
        rows = slice(first, first + step)
        x11, x10, x01, x00 = rng.standard_gamma(
            parameters[:, None, rows], size=(4, draws, parameters[:, rows].shape[1])
        )
        sample = np.log2(x11 * (x11 + x10 + x01 + x00) / ((x11 + x10) * (x11 + x01)))
        bounds[:, rows] = np.quantile(sample, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return InformationComponent(estimate, *bounds.reshape(2, *estimate.shape))
