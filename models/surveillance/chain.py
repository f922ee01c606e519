"""Exact chance and time of crossing a boundary: a Markov chain over counts at the times where the boundary steps up.

Belongs here: the chain, for any steps. Does not: which steps a test has (`models.surveillance.maxsprt`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
_NEGLIGIBLE = 1e-18


class Steps(NamedTuple):
    """A boundary on a count: up to `times[i]` (increasing) it is crossed by reaching `needed[i]` (not decreasing).

    Where `is_look[i]` is true one looks at `times[i]` alone; else all the way from the step before.
    """

    times: Floats
    needed: NDArray[np.int64]
    is_look: NDArray[np.bool_]


def crossing(steps: Steps, rate: float = 1.0) -> tuple[float, float]:
    """Chance that a Poisson process of `rate` crosses, and its mean time of crossing x that chance.

    Between two looks the j-th event from now comes at a gamma distributed time S, and E[S; S <= w] is j / rate times
    the chance of more than j events within w.
    """
    needed = steps.needed.astype(np.int64)
    factorials = gammaln(np.arange(needed[-1] + 2) + 1.0)
    crossed, spent = _chain(steps.times.astype(float), needed, steps.is_look, float(rate), factorials)
    return float(crossed), float(spent)


def first_passage(needed: NDArray[np.int64], p: float) -> float:
    """Chance that, for some k, at least `needed[k - 1]` of the first k events are cases, each with chance p."""
    return float(_walk(needed.astype(np.int64), p))


@njit(cache=True)
def _chain(times, needed, is_look, rate, log_factorial):  # type: ignore[no-untyped-def]  # pragma: no cover
    most = needed[-1]
    chance, states = np.zeros(most + 1), 1
    weight, within = np.zeros(most + 2), np.zeros(most + 2)  # chance of exactly, and of fewer than, so many more
    chance[0], crossed, spent, before = 1.0, 0.0, 0.0, 0.0
    for i in range(times.size):
        width = rate * (times[i] - before)
        last = needed[i] + 1
        for more in range(needed[i] + 1):
            weight[more] = 1.0 if more == 0 else 0.0
            if width > 0:
                weight[more] = np.exp(more * np.log(width) - width - log_factorial[more])
            within[more + 1] = within[more] + weight[more]
            if more > width and weight[more] < _NEGLIGIBLE:
                last = more + 1
                break
        after = np.zeros(most + 1)
        for k in range(states):
            if chance[k] == 0.0:
                continue
            missing = needed[i] - k
            for more in range(min(missing, last)):
                after[k + more] += chance[k] * weight[more]
            stayed = within[min(missing, last)]
            reached = max(0.0, 1 - stayed) if stayed < 1 - 1e-15 else 0.0
            crossed += chance[k] * reached
            if is_look[i]:
                spent += chance[k] * reached * times[i]
            elif reached > 0:
                beyond = max(0.0, reached - weight[missing])
                spent += chance[k] * (before * reached + missing / rate * beyond)
        chance, states, before = after, needed[i], times[i]
    return crossed, spent


@njit(cache=True)
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
