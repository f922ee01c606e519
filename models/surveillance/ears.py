"""Early Aberration Reporting System: the latest count against the week before, with and without a gap of two.

Source: Hutwagner, Thompson, Seeman, Treadwell 2003, J Urban Health 80:i89-i96; bounds as in R's surveillance 1.20.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from models.result import result
from models.surveillance.series import Floats, read

BASELINE, GAP = 7, 2
LEVELS = {"C1": 0.001, "C2": 0.001, "C3": 0.025}


def ears(counts: ArrayLike, method: Literal["C1", "C2", "C3"] = "C1", alpha: float | None = None) -> pl.DataFrame:
    """Score every period in the shape of `models.result`: `estimate` is the baseline mean, `upper` the bound.

    C1: mean + z sd of the 7 periods before. C2: of the 7 periods that end 3 before. C3 asks whether the two C2 scores
    before exceed 1 by more than z together; its bound is written, as in surveillance, as the count less what is
    missing. A signal is a count above the bound. A period that can't be used is not scored, nor are those whose
    baseline holds it.

    Raises:
        ValueError: unknown method, or alpha not between 0 and 1.
    """
    if method not in LEVELS:
        raise ValueError(f"method must be C1, C2 or C3, got {method!r}")
    n, _, unusable = read(counts)
    n[[why is not None for why in unusable]] = np.nan
    level = LEVELS[method] if alpha is None else alpha
    if not 0 < level < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {level}")
    gap = 0 if method == "C1" else GAP
    z, first = float(norm.ppf(1 - level)), BASELINE + gap
    mean, sd = np.full(n.size, np.nan), np.full(n.size, np.nan)
    if n.size > first:
        windows = sliding_window_view(n, BASELINE)[: n.size - first]
        mean[first:], sd[first:] = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    upper = mean + z * sd
    if method == "C3":
        with np.errstate(divide="ignore", invalid="ignore"):
            above = np.where(sd > 0, (n - mean) / sd, np.where(n > mean, np.inf, 0.0))
        excess = np.maximum(0.0, np.where(np.isnan(mean), np.nan, above) - 1)
        total = np.full(n.size, np.nan)
        total[2:] = excess[1:-1] + excess[:-2]
        with np.errstate(invalid="ignore"):
            upper = np.maximum(0.0, n + sd * (z - total))
        first += 2
    reasons = _reasons(unusable, upper, first, np.isnan(mean if method != "C3" else total))
    keys = pl.DataFrame({"count": np.asarray(counts, dtype=float)})
    rule = f"count > {method} bound (alpha = {level:g})"
    return result(
        f"ears_{method.lower()}", rule, mean, upper=upper, is_signal=n > upper, not_computed=reasons, keys=keys
    )


def _reasons(unusable: list[str | None], upper: Floats, first: int, lacks_count: NDArray[np.bool_]) -> list[str | None]:
    """Why there is no bound, a period; `first` is the first period with a whole baseline."""
    missing = np.select(
        [np.isfinite(upper), np.arange(upper.size) < first, lacks_count],
        ["", "too little history", "a period of the baseline has no count"],
        default="the baseline does not vary",
    )
    return [why or text or None for why, text in zip(unusable, missing.tolist(), strict=True)]
