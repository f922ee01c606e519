"""Expected share of false signals in a ranking by posterior probability of no association."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from models.mgps.likelihood import Floats


def bayesian_fdr(null_probability: ArrayLike) -> Floats:
    """False discovery rate if a pair and all ranked before it are called signals: mean of the k smallest null
    probabilities.

    Same shape as given (one dimension); ties keep the order of the input. Source: Ahmed et al. 2009, Stat Med
    28:1774-1792.

    Raises:
        ValueError: a probability outside [0, 1].
    """
    null = np.asarray(null_probability, dtype=float)
    if not np.all((null >= 0) & (null <= 1)):
        raise ValueError("null probabilities must lie in [0, 1]")
    order = np.argsort(null, kind="stable")
    rates = np.empty(null.size)
    rates[order] = np.cumsum(null[order]) / np.arange(1, null.size + 1)
    return rates
