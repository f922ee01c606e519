"""False discovery rates of a ranking of pairs, from p-values or from posterior null probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammaln

Floats = NDArray[np.float64]
LBE_SPREAD = 0.05


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values: the smallest false discovery rate at which each would be declared; NaN stays NaN.

    Source: Benjamini and Hochberg 1995, J R Stat Soc B 57:289-300.

    Raises:
        ValueError: a p-value outside 0..1.
    """
    values = _checked(p)
    known = np.flatnonzero(~np.isnan(values))
    order = known[np.argsort(values[known], kind="stable")]
    scaled = values[order] * order.size / np.arange(1, order.size + 1)
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return adjusted


def lbe_null_share(p: ArrayLike, spread: float = LBE_SPREAD) -> tuple[float, float]:
    """Share of true nulls by the location-based estimator, from one-sided p-values, and the power a it used.

    pi0 = mean((-ln(1 - p2))^a) / Gamma(a + 1) over two-sided p2 = 2 min(p, 1 - p), with a >= 1 as large as keeps the
    estimator's standard deviation at `spread`.

    Source: Dalmasso, Broët, Moreau 2005, Bioinformatics 21:660-668.
    """
    values = _checked(p)
    two_sided = 2 * np.minimum(values, 1 - values)
    m = values.size

    def gap(a: float) -> float:
        return float(np.expm1(gammaln(2 * a + 1) - 2 * gammaln(a + 1)) / m - spread**2)

    power = 1.0 if gap(1.0) >= 0 else float(brentq(gap, 1.0, 100.0))
    with np.errstate(divide="ignore"):
        terms = (-np.log1p(-np.minimum(two_sided, 1 - 1e-16))) ** power
    return min(1.0, float(terms.mean() / np.exp(gammaln(power + 1)))), power


def one_sided_fdr(p: ArrayLike, null_share: float | None = None) -> Floats:
    """False discovery rate of declaring all pairs with a one-sided p no larger; p above 1/2 count as they mirror.

    With F(t) the share of p-values <= t: pi0 t / F(t) for t <= 1/2; beyond, (pi0/2 + F(t) - F(1/2)) / F(t), for a test
    whose p is near 1 under the opposite alternative.

    Source: Ahmed, Dalmasso, Haramburu, Thiessard, Broët, Tubert-Bitter 2010, Biometrics 66:301-309.
    """
    values = _checked(p)
    share = lbe_null_share(values)[0] if null_share is None else null_share
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    rank = np.arange(1, values.size + 1) / values.size
    half = float((values <= 0.5).mean())
    rate = np.where(ranked <= 0.5, share * ranked / rank, (share / 2 + rank - half) / rank)
    found = np.empty_like(rate)
    found[order] = np.minimum(1.0, rate)
    return found


@dataclass(frozen=True)
class Operating:
    """What declaring each pair and all before it would mean: rates in the order of the input."""

    fdr: Floats
    fnr: Floats
    sensitivity: Floats
    specificity: Floats


def bayesian(null_probability: ArrayLike, ranking: ArrayLike | None = None) -> Operating:
    """Expected false discovery and non-discovery rates, sensitivity and specificity of a ranking.

    FDR_k is the mean null probability of the first k pairs, FNR_k the mean probability of the others not to be null.
    Ranked by ascending null probability, or by descending `ranking` (such as EB05).

    Source: Ahmed, Haramburu, Fourrier-Réglat et al. 2009, Stat Med 28:1774-1792.
    """
    null = _checked(null_probability)
    by = null if ranking is None else -np.asarray(ranking, dtype=float)
    order = np.argsort(by, kind="stable")
    first = np.cumsum(null[order])
    k = np.arange(1, null.size + 1)
    true_first, true_all = k - first, float((1 - null).sum())
    rest = null.size - k
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = (
            first / k,
            np.where(rest > 0, (true_all - true_first) / np.maximum(rest, 1), 0.0),
            true_first / true_all,
            1 - first / null.sum(),
        )
    placed = []
    for rate in rates:
        back = np.empty_like(rate)
        back[order] = rate
        placed.append(back)
    return Operating(*placed)


def _checked(p: ArrayLike) -> Floats:
    values = np.asarray(p, dtype=float).ravel()
    if np.any((values < 0) | (values > 1)):
        raise ValueError("probabilities must lie in 0..1")
    return values
