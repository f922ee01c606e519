"""Durations of which some are still open: the share that lasts longer, and the median with its bounds.

Belongs here: the published formulas on arrays. Does not: what a duration is, and until when it was looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from models.rates.exact import LEVEL

Floats = NDArray[np.float64]
_TIE = 1e-12


class Curve(NamedTuple):
    """At each time of an ending, in order: how many were still looked at, how many ended, the share that lasts on."""

    times: Floats
    at_risk: Floats
    ended: Floats
    lasting: Floats


def curve(time: ArrayLike, is_ended: ArrayLike) -> Curve:
    """Estimate the share that lasts beyond each time at which something ended; what is open counts until its time.

    What is left open at the time of an ending counts as looked at through it.
    Source: Kaplan and Meier 1958, J Am Stat Assoc 53:457-481.
    """
    t, ended = np.asarray(time, dtype=float), np.asarray(is_ended, dtype=bool)
    times = np.unique(t[ended])
    at_risk = (t[None, :] >= times[:, None]).sum(axis=1).astype(float)
    n = (t[ended][None, :] == times[:, None]).sum(axis=1).astype(float)
    return Curve(times, at_risk, n, np.cumprod(1 - n / at_risk))


def median(time: ArrayLike, is_ended: ArrayLike, level: float = LEVEL) -> tuple[float, float, float]:
    """First time beyond which at most half last, with its bounds; NaN for each that is not reached.

    Bounds are the times at which a half lies within those of the share, taken on the scale log(-log).
    Source: Brookmeyer and Crowley 1982, Biometrics 38:29-41; variance of Greenwood 1926; Kalbfleisch and Prentice 1980.
    """
    found = curve(time, is_ended)
    s, z = found.lasting, float(ndtri((1 + level) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(found.ended / (found.at_risk * (found.at_risk - found.ended)))
        spread = np.where((s > 0) & (s < 1), z * np.sqrt(greenwood) / np.abs(np.log(s)), 0.0)
        low, high = (np.where((s > 0) & (s < 1), s ** np.exp(sign * spread), s) for sign in (1, -1))
    return _first(found.times, s), _first(found.times, low), _first(found.times, high)


def _first(times: Floats, share: Floats) -> float:
    reached = share <= 0.5 + _TIE
    return float(times[reached.argmax()]) if reached.any() else float("nan")
