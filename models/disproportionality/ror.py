"""Reporting odds ratio: Woolf's interval here, the conditional estimate with exact bounds in `ror_exact`."""

from __future__ import annotations

from typing import Literal

import numpy as np

from models.disproportionality.counts import Cells
from models.disproportionality.ic import ic
from models.disproportionality.prr import Ratio, divide, log_normal_ratio
from models.disproportionality.ror_exact import R_TOLERANCE, ror_exact

Method = Literal["woolf", "exact", "fisher_r"]


def ror_shrunk(cells: Cells, level: float = 0.95) -> Ratio:
    """Shrunk reporting odds ratio, log2 (a + 1/2) / (E + 1/2) with E = bc/d, the count at an odds ratio of 1 (log2).

    Bounds as those of the IC; NaN where d = 0.

    Source: Norén, Hopstadius, Bate 2013, Stat Methods Med Res 22:57-69.
    """
    at_one = divide(cells.b * cells.c, cells.d)
    known = np.isfinite(at_one)
    found = ic(cells.a, np.where(known, at_one, 0.0), level)
    return Ratio(*(np.where(known, v, np.nan) for v in (found.estimate, found.lower, found.upper)))


def ror(cells: Cells, level: float = 0.95, method: Method = "woolf") -> Ratio:
    """Reporting odds ratio with its interval (no unit).

    ``woolf``: ad/(bc), SE of ln ROR = sqrt(1/a + 1/b + 1/c + 1/d); NaN for b=0 or c=0, bounds also for a=0 or d=0.
    ``exact``: conditional maximum likelihood with Fisher's exact bounds; see `ror_exact`.
    ``fisher_r``: the same, stopped where R's fisher.test stops: the digits DiAna prints.

    Source: van Puijenbroek et al. 2002, Pharmacoepidemiol Drug Saf 11:3-10; Woolf 1955.

    Raises:
        ValueError: unknown method, or `level` not in (0, 1).
    """
    if method in ("exact", "fisher_r"):
        return ror_exact(cells, level, R_TOLERANCE if method == "fisher_r" else 0.0)
    if method != "woolf":
        raise ValueError(f"unknown ROR method: {method!r}")
    one = np.ones_like(cells.a)
    estimate = divide(cells.a * cells.d, cells.b * cells.c)
    variance = divide(one, cells.a) + divide(one, cells.b) + divide(one, cells.c) + divide(one, cells.d)
    return log_normal_ratio(estimate, variance, level)
