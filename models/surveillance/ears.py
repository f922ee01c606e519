"""Early Aberration Reporting System: the latest count against the week before, with and without a gap of two.

Source: Hutwagner, Thompson, Seeman, Treadwell 2003, J Urban Health 80:i89-i96; bounds as in R's surveillance 1.20.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike
from scipy.stats import norm

from models.result import result

BASELINE, GAP = 7, 2
LEVELS = {"C1": 0.001, "C2": 0.001, "C3": 0.025}


def ears(counts: ArrayLike, method: Literal["C1", "C2", "C3"] = "C1", alpha: float | None = None) -> pl.DataFrame:
    """Score every period in the shape of `models.result`: `estimate` is the baseline mean, `upper` the bound.

    C1: mean + z sd of the 7 periods before. C2: of the 7 periods that end 3 before. C3 asks whether the two C2 scores
    before exceed 1 by more than z together; its bound is written, as in surveillance, as the count less what is
    missing. A signal is a count above the bound.

    Raises:
        ValueError: unknown method, or counts negative or missing.
    """
    n = np.asarray(counts, dtype=float)
    if method not in LEVELS:
        raise ValueError(f"method must be C1, C2 or C3, got {method!r}")
    if not np.all(np.isfinite(n) & (n >= 0)):
        raise ValueError("counts must be given and not negative")
    level = LEVELS[method] if alpha is None else alpha
    gap = 0 if method == "C1" else GAP
    z, first = float(norm.ppf(1 - level)), BASELINE + gap
    mean, sd = np.full(n.size, np.nan), np.full(n.size, np.nan)
    if n.size > first:
        windows = sliding_window_view(n, BASELINE)[: n.size - first]
        mean[first:], sd[first:] = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    upper = mean + z * sd
    if method == "C3":
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = np.maximum(0.0, np.where(sd > 0, (n - mean) / sd, np.where(n > mean, np.inf, 0.0)) - 1)
        total = np.full(n.size, np.nan)
        total[2:] = excess[1:-1] + excess[:-2]
        upper = np.maximum(0.0, n + sd * (z - total))
    reasons = [None if np.isfinite(u) else "too little history" for u in upper]
    keys = pl.DataFrame({"count": n})
    rule = f"count > {method} bound (alpha = {level:g})"
    return result(
        f"ears_{method.lower()}", rule, mean, upper=upper, is_signal=n > upper, not_computed=reasons, keys=keys
    )
