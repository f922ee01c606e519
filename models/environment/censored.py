"""Means of measurements of which some lie below the limit of quantification: the law's, and the bounds that are sure.

Source: Directive 2009/90/EC, article 5: half the limit for a mean (1), a mean below the limit is "less than limit of
quantification" (2), nothing for a sum of a group (3). A convention, not an estimate: read it with the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class CensoredMean:
    """Mean of one set of measurements; all NaN where there is none.

    `lower` takes what is below the limit as 0, `upper` as the limit; `mean` as half of it. `limit` is the largest limit
    of the set: a mean below it is not told as a number, `text` says so.
    """

    n: int
    n_quantified: int
    lower: float
    mean: float
    upper: float
    limit: float

    @property
    def is_below_limit(self) -> bool:
        """The mean is to be told as less than the limit of quantification."""
        return self.n_quantified < self.n and self.mean < self.limit

    @property
    def text(self) -> str:
        """The mean as it may be reported."""
        if not self.n:
            return ""
        return f"< {self.limit:g}" if self.is_below_limit else f"{self.mean:.4g}"


def censored_mean(values: ArrayLike, is_below: ArrayLike) -> CensoredMean:
    """Mean of `values`, shape (n,): a result, or its limit of quantification where `is_below`.

    Values that are missing or negative are left out.
    """
    x, below = np.asarray(values, dtype=float), np.asarray(is_below, dtype=bool)
    kept = x >= 0
    x, below = x[kept], below[kept]
    if not x.size:
        return CensoredMean(0, 0, np.nan, np.nan, np.nan, np.nan)
    means = [float(np.mean(np.where(below, share * x, x))) for share in (0.0, 0.5, 1.0)]
    limit = float(x[below].max()) if below.any() else np.nan
    lower, mean, upper = means
    return CensoredMean(x.size, int((~below).sum()), lower, mean, upper, limit)


def group_sum(values: ArrayLike, is_below: ArrayLike) -> float:
    """Sum of a group of parameters: what is below its limit counts nothing."""
    x, below = np.asarray(values, dtype=float), np.asarray(is_below, dtype=bool)
    return float(np.sum(np.where(below | ~(x >= 0), 0.0, x)))


def mean_of_sums(days: Sequence[object], values: ArrayLike, is_below: ArrayLike) -> CensoredMean:
    """Mean over samples (`days`, one label a value) of the sum of a group; `upper` takes what is below as its limit.

    A sample counts as quantified where one of its values is. A sum has no limit of its own, so its mean is a number.
    """
    x, below = np.asarray(values, dtype=float), np.asarray(is_below, dtype=bool)
    labels = np.array([str(day) for day in days], dtype=object)
    each = [(x[own], below[own]) for own in (labels == day for day in dict.fromkeys(labels))]
    if not each:
        return CensoredMean(0, 0, np.nan, np.nan, np.nan, np.nan)
    mean = float(np.mean([group_sum(v, b) for v, b in each]))
    upper = float(np.mean([group_sum(v, np.zeros_like(b)) for v, b in each]))
    return CensoredMean(len(each), sum(bool((~b).any()) for _, b in each), mean, mean, upper, np.nan)
