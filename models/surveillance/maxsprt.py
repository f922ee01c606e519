"""Maximised sequential probability ratio test, Poisson and binomial, looking continuously or in groups.

The null is that counts follow what is expected; the boundary is a constant on the log-likelihood ratio, chosen so that
the chance of ever crossing it under the null is alpha.

Source: Kulldorff, Davis, Kolczak, Lewis, Lieu, Platt 2011, Sequential Analysis 30:58-78; minimum number of events:
Kulldorff and Silva 2015, REVSTAT 13:243-262.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import gammaln, kl_div, lambertw, rel_entr

from models.result import result

Floats = NDArray[np.float64]
_NEGLIGIBLE = 1e-18
_TIE = 1e-11  # ratios are rounded to 12 places
_HIGHEST = 40.0  # boundary above which alpha is below 1e-17


class NoBoundary(ValueError):
    """No boundary has the wanted error: the first look alone decides otherwise."""


def poisson_llr(n: ArrayLike, expected: ArrayLike) -> Floats:
    """Log-likelihood ratio (expected - n) + n ln(n / expected) where n > expected, else 0 (natural log units)."""
    n, expected = np.broadcast_arrays(np.asarray(n, float), np.asarray(expected, float))
    return np.where((n > expected) & (expected > 0), kl_div(n, expected), 0.0)


def poisson_alpha(boundary: float, limit: float, minimum: int = 1, delay: float = 0.0) -> float:
    """Exact chance of crossing under the null before the expected count reaches `limit`.

    The n-th event signals if it comes before the expected count mu_n at which its ratio equals the boundary, n >=
    minimum; no look before `delay`. A Markov chain over the counts at mu_M, mu_M+1, …, limit.
    """
    n = np.arange(minimum, minimum + 10 + int(4 * limit + 40))
    times = -n * lambertw(-np.exp(-1 - boundary / n)).real
    times = np.minimum(np.maximum(times, delay), limit)
    last = int(np.argmax(times >= limit)) if (times >= limit).any() else len(n) - 1
    first = int(np.flatnonzero(times <= delay)[-1]) if delay > 0 and (times <= delay).any() else 0
    return float(_crossing(times[first : last + 1], n[first : last + 1]))


def poisson_boundary(limit: float, alpha: float = 0.05, minimum: int = 1, delay: float = 0.0) -> float:
    """Boundary on the log-likelihood ratio for monitoring up to an expected count of `limit`.

    Raises:
        ValueError: limit, alpha or minimum out of range.
        NoBoundary: even the lowest boundary errs less often than alpha.
    """
    if not (limit > 0 and 0 < alpha < 0.5 and minimum >= 1 and 0 <= delay < limit):
        raise ValueError(
            f"need limit > delay >= 0, alpha in (0, 0.5), minimum >= 1; got {limit}, {delay}, {alpha}, {minimum}"
        )
    lowest = 1e-9
    if poisson_alpha(lowest, limit, minimum, delay) < alpha:
        raise NoBoundary(f"no boundary errs with {alpha:g} up to {limit:g} expected events, at least {minimum}")
    found = brentq(lambda b: poisson_alpha(b, limit, minimum, delay) - alpha, lowest, _HIGHEST, xtol=1e-10)
    return float(found)


def poisson_group_alpha(boundary: float, looks: ArrayLike, minimum: int = 1) -> float:
    """Exact chance of crossing under the null when looking only at the expected counts `looks` (increasing)."""
    mu = np.asarray(looks, float)
    n, reached = _group_ratios(mu)
    return float(_crossing(mu, n[((reached >= boundary - _TIE) & (n >= minimum)).argmax(axis=1)]))


def poisson_group_boundary(looks: ArrayLike, alpha: float = 0.05, minimum: int = 1) -> tuple[float, float]:
    """Lowest reachable ratio that errs at most alpha when looking only at `looks`, and the chance it errs with.

    Args:
        looks: expected counts at which one looks (> 0, increasing).
        alpha: largest chance of a false signal.
        minimum: fewest events that may signal.

    Raises:
        ValueError: looks that are not positive and increasing.
    """
    mu = np.asarray(looks, float)
    if not (mu.size and mu[0] > 0 and np.all(np.diff(mu) > 0)):
        raise ValueError("looks must be positive expected counts, each above the one before")
    n, reached = _group_ratios(mu)
    return _lowest(reached[:, n >= minimum], lambda b: poisson_group_alpha(b, mu, minimum), alpha)


def _group_ratios(mu: Floats) -> tuple[NDArray[np.int64], Floats]:
    n = np.arange(1, int(mu[-1] + 12 * np.sqrt(mu[-1]) + 60))
    return n, poisson_llr(n[None, :], mu[:, None])


def _lowest(ratios: Floats, error: Callable[[float], float], alpha: float) -> tuple[float, float]:
    """Lowest of the reachable `ratios` with an error of at most alpha, by bisection, and its error."""
    values = np.unique(np.round(ratios[ratios > 0], 12))
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if error(values[middle]) <= alpha:
            high = middle
        else:
            low = middle + 1
    if low == len(values):
        raise NoBoundary(f"no boundary errs with at most {alpha:g}")
    return float(values[low]), error(values[low])


def poisson_maxsprt(
    counts: ArrayLike,
    expected: ArrayLike,
    limit: float,
    alpha: float = 0.05,
    minimum: int = 1,
    delay: float = 0.0,
    grouped: bool = False,
) -> pl.DataFrame:
    """Follow a series by period; one row a period in the shape of `models.result`.

    `estimate` is the cumulative relative risk n / E, `is_signal` whether the boundary has been crossed by then. The
    boundary is that of continuous looks, so looking once a period errs less often than alpha; `grouped` takes that of
    looks at the ends of these periods alone, which is lower.

    Args:
        counts: events of each period.
        expected: events expected in each period under the null (> 0).
        limit: expected count at which monitoring ends; later periods are not computed.
        alpha: chance of a false signal over the whole monitoring.
        minimum: fewest events that may signal.
        delay: expected count before which nothing may signal.
        grouped: looks are the periods' ends that lie between delay and limit.

    Raises:
        ValueError: negative counts, or expected counts not positive.
    """
    n, e = np.cumsum(np.asarray(counts, float)), np.cumsum(np.asarray(expected, float))
    if np.any(np.asarray(counts, float) < 0) or not np.all(np.asarray(expected, float) > 0):
        raise ValueError("counts must not be negative, expected counts must be positive")
    if grouped:
        boundary, _ = poisson_group_boundary(e[(e >= delay) & (e <= limit)], alpha, minimum)
    else:
        boundary = poisson_boundary(limit, alpha, minimum, delay)
    llr = poisson_llr(n, e)
    crossed = (llr >= boundary) & (n >= minimum) & (e >= delay) & (e <= limit)
    signal = np.logical_or.accumulate(crossed)
    over = [f"expected count above the limit {limit:g}" if x > limit else None for x in e]
    rule = f"LLR >= {boundary:.6f} (T = {limit:g}, M = {minimum}, alpha = {alpha:g})"
    keys = pl.DataFrame({"cumulative_count": n, "cumulative_expected": e, "llr": llr})
    name = "maxsprt_poisson_grouped" if grouped else "maxsprt_poisson"
    return result(name, rule, n / e, is_signal=signal, not_computed=over, keys=keys)


def binomial_llr(cases: ArrayLike, n: ArrayLike, ratio: float) -> Floats:
    """Log-likelihood ratio of `cases` among n events against the null chance 1 / (1 + ratio); 0 where not above it."""
    c, n = np.broadcast_arrays(np.asarray(cases, float), np.asarray(n, float))
    p = 1 / (1 + ratio)
    return np.where((n > 0) & (c > p * n), rel_entr(c, p * n) + rel_entr(n - c, (1 - p) * n), 0.0)


def binomial_alpha(
    boundary: float, limit: int, ratio: float, minimum: int = 1, looks: Sequence[int] | None = None
) -> float:
    """Exact chance of crossing under the null within `limit` events, looking after each, or only at `looks` events."""
    crossing = (_binomial_ratios(limit, ratio, minimum, looks) >= boundary - _TIE).T
    needed = np.where(crossing.any(axis=1), crossing.argmax(axis=1), limit + 2)
    return float(_walk(needed.astype(np.int64), 1 / (1 + ratio)))


def binomial_boundary(
    limit: int, ratio: float, alpha: float = 0.05, minimum: int = 1, looks: Sequence[int] | None = None
) -> tuple[float, float]:
    """Lowest reachable ratio that errs at most alpha as boundary, and the chance it errs with.

    The counts allow only so many ratios; any boundary between two of them is the same test (R's Sequential names the
    lower end, rounded).

    Args:
        limit: events at which monitoring ends.
        ratio: controls (or control time) for each case, so that an event is a case with chance 1 / (1 + ratio).
        alpha: largest chance of a false signal.
        minimum: fewest cases that may signal.
        looks: numbers of events at which one looks; after each event without.

    Raises:
        NoBoundary: nothing within `limit` events could signal at this alpha.
    """
    grid = _binomial_ratios(limit, ratio, minimum, looks)
    return _lowest(grid, lambda b: binomial_alpha(b, limit, ratio, minimum, looks), alpha)


def _binomial_ratios(limit: int, ratio: float, minimum: int, looks: Sequence[int] | None) -> Floats:
    """Ratio by cases 0, …, limit (rows) among 1, …, limit events (columns); -1 where nothing may signal."""
    cases, n = np.arange(limit + 1)[:, None], np.arange(1, limit + 1)[None, :]
    may = (cases <= n) & (cases >= minimum)
    if looks is not None:
        may &= np.isin(n, looks)
    return np.where(may, binomial_llr(np.minimum(cases, n), n, ratio), -1.0)


@njit(cache=True)  # type: ignore[untyped-decorator]
def _walk(needed, p):  # type: ignore[no-untyped-def]  # pragma: no cover
    chance = np.zeros(needed.size + 1)
    chance[0], crossed = 1.0, 0.0
    for step in range(needed.size):
        for c in range(step + 1, -1, -1):
            chance[c] = chance[c] * (1 - p) + (chance[c - 1] * p if c > 0 else 0.0)
            if c >= needed[step]:
                crossed += chance[c]
                chance[c] = 0.0
    return crossed


def _crossing(times: Floats, n: NDArray[np.int64]) -> float:
    """Chance that the count reaches n[i] by times[i] for some i."""
    widths = np.diff(np.concatenate([[0.0], times]))
    return float(_chain(widths, n.astype(np.int64), gammaln(np.arange(n[-1] + 2) + 1.0)))


@njit(cache=True)  # type: ignore[untyped-decorator]
def _chain(widths, n, log_factorial):  # type: ignore[no-untyped-def]  # pragma: no cover
    chance, crossed = np.zeros(n[-1] + 1), 0.0
    chance[0], states = 1.0, 1
    for i in range(widths.size):
        width = widths[i]
        after = np.zeros(n[-1] + 1)
        for k in range(states):
            if chance[k] == 0.0:
                continue
            stayed = 0.0
            for more in range(n[i] - k):
                weight = 1.0 if more == 0 else 0.0
                if width > 0:
                    weight = np.exp(more * np.log(width) - width - log_factorial[more])
                after[k + more] += chance[k] * weight
                stayed += weight
                if more > width and weight < _NEGLIGIBLE:
                    break
            crossed += chance[k] * max(0.0, 1 - stayed) if stayed < 1 - 1e-15 else 0.0
        chance, states = after, n[i]
    return crossed
