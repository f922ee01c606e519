"""Exact intervals of Poisson counts and of the ratio of two rates, and the classes of incidence of animal medicines.

Belongs here: published formulas on arrays. Does not: which exposure, which siblings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

LEVEL = 0.95
INCIDENCE_CLASSES = (
    (1 / 10, "very_common"),
    (1 / 100, "common"),
    (1 / 1_000, "uncommon"),
    (1 / 10_000, "rare"),
    (0.0, "very_rare"),
)
"""Lower bounds, share of the animals treated (VMD, gov.uk incidence page; the same in SPC section 4.6)."""

Floats = NDArray[np.float64]


def poisson_interval(count: ArrayLike, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Lower and upper bound of a Poisson mean given a count, by its exact tails.

    NaN where a count is negative or missing. Source: Garwood 1936, Biometrika 28:437-442.
    """
    n = np.asarray(count, dtype=float)
    n = np.where(n >= 0, n, np.nan)
    tail = (1 - level) / 2
    lower = np.where(n == 0, 0.0, special.gammaincinv(np.maximum(n, 1e-300), tail))
    return lower, special.gammaincinv(n + 1, 1 - tail)


def observed_expected(
    count: ArrayLike, expected: ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Ratio of a count to what is expected of it, its exact bounds, and the chance of so many or more, whole and mid.

    What is expected counts as known. Bounds are Garwood's of the count over the expected; p is P(X >= n), X Poisson;
    the mid-p takes half of P(X = n). NaN where nothing is expected, or a count is negative or missing.

    Source: Garwood 1936, Biometrika 28:437-442; Lancaster 1961, J Am Stat Assoc 56:223-234 (mid-p).
    """
    n, e = np.broadcast_arrays(np.asarray(count, dtype=float), np.asarray(expected, dtype=float))
    is_defined = (e > 0) & (n >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio, lower, upper = (np.where(is_defined, x / e, np.nan) for x in (n, *poisson_interval(n, level)))
        p = np.where(n > 0, special.gammainc(np.maximum(n, 1e-300), e), 1.0)
        exactly = np.exp(special.xlogy(n, e) - e - special.gammaln(n + 1))
    return ratio, lower, upper, np.where(is_defined, p, np.nan), np.where(is_defined, p - exactly / 2, np.nan)


def rate_ratio(
    count: ArrayLike, exposure: ArrayLike, other_count: ArrayLike, other_exposure: ArrayLike, level: float = LEVEL
) -> tuple[Floats, Floats, Floats, Floats]:
    """Ratio of two rates with its exact bounds and a two-sided p, given the sum of both counts.

    The count is binomial given the sum, with chance `r E / (r E + E')` for ratio r, exposures E and E'. Bounds are
    Clopper and Pearson's, p is twice the smaller tail. The ratio is infinite where the others have none, NaN where both
    have none, a count is negative or missing, or an exposure is not positive.

    Source: Przyborowski and Wilenski 1940, Biometrika 31:313-323; Clopper and Pearson 1934, Biometrika 26:404-413.
    """
    n, e, m, f = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (count, exposure, other_count, other_exposure))
    )
    is_defined = (e > 0) & (f > 0) & (n >= 0) & (m >= 0) & (n + m > 0)
    tail = (1 - level) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.where(n > 0, special.betaincinv(np.maximum(n, 1e-300), m + 1, tail), 0.0)
        high = np.where(m > 0, special.betaincinv(n + 1, np.maximum(m, 1e-300), 1 - tail), 1.0)
        odds = np.stack([n / m, low / (1 - low), high / (1 - high)])
        ratio, lower, upper = np.where(is_defined, odds * f / e, np.nan)
        share = e / (e + f)
        at_most = np.where(m > 0, special.betaincc(n + 1, np.maximum(m, 1e-300), share), 1.0)
        at_least = np.where(n > 0, special.betainc(np.maximum(n, 1e-300), m + 1, share), 1.0)
        p = np.where(is_defined, np.minimum(1.0, 2 * np.minimum(at_most, at_least)), np.nan)
    return ratio, lower, upper, p


def above_siblings(
    count: ArrayLike, exposure: ArrayLike, other_count: ArrayLike, other_exposure: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Expected count by the rate of the others, the ratio to it, and the chance of a count so high given the sum.

    Expected `m e / f` for others' count m and exposure f. p is one-sided: P(X >= n), X binomial of n + m with chance
    `e / (e + f)`; so the others' rate counts as estimated, not as known. NaN where an exposure is not positive or a
    count negative or missing; the ratio is infinite where the others have none.

    Source: Przyborowski and Wilenski 1940, Biometrika 31:313-323.
    """
    n, e, m, f = np.broadcast_arrays(
        *(np.asarray(x, dtype=float) for x in (count, exposure, other_count, other_exposure))
    )
    is_defined = (e > 0) & (f > 0) & (n >= 0) & (m >= 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(is_defined, m * e / f, np.nan)
        ratio = np.where(is_defined & (n + m > 0), n / expected, np.nan)
        p = np.where(n > 0, special.betainc(np.maximum(n, 1e-300), m + 1, e / (e + f)), 1.0)
    return expected, ratio, np.where(is_defined, p, np.nan)


def incidence_class(share: ArrayLike) -> NDArray[np.str_]:
    """Class of incidence of a share of animals treated that reacted; `not_known` where the share is NaN."""
    values = np.asarray(share, dtype=float)
    found = np.full(values.shape, "not_known", dtype="<U11")
    for bound, name in reversed(INCIDENCE_CLASSES):
        found = np.where(values >= bound, name, found)
    return found
