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
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import kl_div, lambertw, rel_entr

from models.result import result
from models.surveillance.chain import Steps, crossing, first_passage
from models.surveillance.series import read

Floats = NDArray[np.float64]
_TIE = 1e-11  # ratios are rounded to 12 places
_HIGHEST = 40.0  # boundary above which alpha is below 1e-17
_EXACT = 1e-10  # of a boundary


class NoBoundary(ValueError):
    """No boundary has the wanted error: the first look alone decides otherwise."""


def poisson_llr(n: ArrayLike, expected: ArrayLike) -> Floats:
    """Log-likelihood ratio (expected - n) + n ln(n / expected) where n > expected, else 0 (natural log units)."""
    n, expected = np.broadcast_arrays(np.asarray(n, float), np.asarray(expected, float))
    return np.where((n > expected) & (expected > 0), kl_div(n, expected), 0.0)


def poisson_steps(boundary: float, limit: float, minimum: int = 1, delay: float = 0.0) -> Steps:
    """Where the boundary on the count steps up when looking continuously from `delay` to an expected count of `limit`.

    n events cross up to the expected count mu_n at which their ratio equals the boundary: at `delay` as many are
    needed as the first n >= minimum with mu_n >= delay has, and the same from there to mu_n.
    """
    reach = boundary / 3
    top = int(limit + reach + np.sqrt(reach**2 + 2 * boundary * limit)) + 2  # mu_top >= limit, by Bernstein's bound
    n = np.arange(minimum, max(minimum, top) + 1)
    times = -n * lambertw(-np.exp(-1 - boundary / n)).real
    first = int(np.argmax(times >= delay)) if delay > 0 else 0
    last = max(first, int(np.argmax(times >= limit)))
    times, n = np.minimum(times[first : last + 1], limit), n[first : last + 1]
    is_look = np.zeros(n.size + (delay > 0), dtype=bool)
    if delay > 0:
        times, n, is_look[0] = np.append(delay, times), np.append(n[0], n), True
    return Steps(times, n, is_look)


def poisson_alpha(boundary: float, limit: float, minimum: int = 1, delay: float = 0.0) -> float:
    """Exact chance of crossing under the null before the expected count reaches `limit`; no look before `delay`."""
    return crossing(poisson_steps(boundary, limit, minimum, delay))[0]


def poisson_boundary(limit: float, alpha: float = 0.05, minimum: int = 1, delay: float = 0.0) -> float:
    """Lowest boundary on the log-likelihood ratio that errs at most alpha up to an expected count of `limit`.

    Without a delay it errs alpha exactly. With one the error jumps where one event more is needed at the first look,
    so that it can be lower.

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
    found = float(brentq(lambda b: poisson_alpha(b, limit, minimum, delay) - alpha, lowest, _HIGHEST, xtol=_EXACT))
    is_above_jump = poisson_alpha(found, limit, minimum, delay) > alpha + 1e-9
    return found + 2 * _EXACT if is_above_jump else found


def poisson_group_steps(boundary: float, looks: ArrayLike, minimum: int = 1) -> Steps:
    """Counts needed when looking only at the expected counts `looks` (increasing)."""
    mu = np.asarray(looks, float)
    n, reached = _group_ratios(mu)
    needed = n[((reached >= boundary - _TIE) & (n >= minimum)).argmax(axis=1)]
    return Steps(mu, needed, np.ones(mu.size, dtype=bool))


def poisson_group_alpha(boundary: float, looks: ArrayLike, minimum: int = 1) -> float:
    """Exact chance of crossing under the null when looking only at the expected counts `looks` (increasing)."""
    return crossing(poisson_group_steps(boundary, looks, minimum))[0]


def poisson_group_boundary(looks: ArrayLike, alpha: float = 0.05, minimum: int = 1) -> tuple[float, float]:
    """Lowest reachable ratio that errs at most alpha when looking only at `looks`, and the chance it errs with.

    Args:
        looks: expected counts at which one looks (> 0, increasing).
        alpha: largest chance of a false signal.
        minimum: fewest events that may signal.

    Raises:
        ValueError: looks that are not positive and increasing, or alpha not between 0 and 0.5.
        NoBoundary: no ratio that can be reached errs as little.
    """
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha must lie between 0 and 0.5, got {alpha}")
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

    A period where nothing is expected and nothing came brings no new information: it is shown with the sums before,
    and is no look. A period that can't be used (events where nothing is expected; a count or an expected count that is
    missing, negative or too large) is left out of the sums, and its row says why.

    Args:
        counts: events of each period.
        expected: events expected in each period under the null.
        limit: expected count at which monitoring ends; later periods are not computed.
        alpha: chance of a false signal over the whole monitoring.
        minimum: fewest events that may signal.
        delay: expected count before which nothing may signal.
        grouped: looks are the periods' ends that lie between delay and limit.

    Raises:
        ValueError: limit, alpha, minimum or delay out of range.
    """
    n, e, reasons = read(counts, expected)
    n, e = np.cumsum(n), np.cumsum(e)
    looks = np.unique(e[(e > 0) & (e >= delay) & (e <= limit)])
    name = "maxsprt_poisson_grouped" if grouped else "maxsprt_poisson"
    terms = f"T = {limit:g}, M = {minimum}, D = {delay:g}, alpha = {alpha:g}"
    try:
        if grouped:
            boundary = poisson_group_boundary(looks, alpha, minimum)[0] if looks.size else np.inf
        else:
            boundary = poisson_boundary(limit, alpha, minimum, delay)
        told, rule = "no period ends between delay and limit", f"LLR >= {boundary:.6f} ({terms})"
    except NoBoundary as error:
        boundary, told, rule = np.inf, str(error), f"no boundary ({terms})"
    llr = poisson_llr(n, e)
    crossed = (llr >= boundary - _TIE) & (n >= minimum) & (e >= delay) & (e <= limit)
    why = np.select(
        [np.isinf(boundary) | np.zeros(n.size, dtype=bool), e > limit, e == 0],
        [told, f"expected count above the limit {limit:g}", "nothing expected so far"],
        default="",
    )
    keys = pl.DataFrame({"cumulative_count": n, "cumulative_expected": e, "llr": llr})
    return result(
        name,
        rule,
        np.divide(n, e, out=np.full(n.size, np.nan), where=e > 0),
        is_signal=np.logical_or.accumulate(crossed),
        not_computed=[given or text or None for given, text in zip(reasons, why.tolist(), strict=True)],
        keys=keys,
    )


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
    return first_passage(needed, 1 / (1 + ratio))


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
