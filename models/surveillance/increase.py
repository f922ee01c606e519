"""Increased frequency: is a pair a larger share of its product's reports than it was in the past?

Rule of Oracle Empirica Signal's periodic increased frequency report: at least 3 new reports in 12 months, and either
RP of those 12 months at least 5 times RP before them, or RP of the last and of the 12 months before both at least
twice RP before those 24 months, where RP is the pair's reports over the product's.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from models.result import result

Floats = NDArray[np.float64]
FEWEST, ONE_YEAR, TWO_YEARS = 3, 5.0, 2.0
RULE = "3 new in 12 months, RP >= 5 x before, or >= 2 x before in two years running"


def share(pair: Floats, product: Floats) -> Floats:
    """RP: reports of the pair over reports of its product; NaN where that is no share of anything."""
    is_share = (product > 0) & (pair >= 0) & (pair <= product)
    return np.divide(pair, product, out=np.full(np.shape(pair), np.nan), where=is_share)


def increased(
    pair: tuple[ArrayLike, ArrayLike, ArrayLike],
    product: tuple[ArrayLike, ArrayLike, ArrayLike],
    keys: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Compare the last 12 months with the product's own past; one row a pair in the shape of `models.result`.

    Args:
        pair: reports of the pair in the last 12 months, in the 12 months before, and before those.
        product: reports of its product in the same three spans.
        keys: columns put before the answer.

    `estimate` is RP of the last 12 months; `rp_before` before it is RP of all months before. Counts of a span are what
    was added in it, so that retractions and merged duplicates can make one negative: what follows from it is not
    computed. A row is not computed where its last 12 months give no share (the row says why), or where the product has
    no report before them.
    """
    (now, year, past), (n_now, n_year, n_past) = (
        tuple(np.asarray(x, dtype=float).ravel() for x in spans) for spans in (pair, product)
    )
    with np.errstate(invalid="ignore", over="ignore"):
        before, n_before = year + past, n_year + n_past
        rp_now, rp_year, rp_past = share(now, n_now), share(year, n_year), share(past, n_past)
        rp_before = share(before, n_before)
        sudden = rp_now >= ONE_YEAR * rp_before
        lasting = (rp_now >= TWO_YEARS * rp_past) & (rp_year >= TWO_YEARS * rp_past) & (rp_year > 0)
    reasons = np.select(
        [
            ~np.isfinite([now, year, past, n_now, n_year, n_past]).all(axis=0),
            n_now == 0,
            n_now < 0,
            n_before == 0,
            n_before < 0,
            now < 0,
            now > n_now,
            np.isnan(rp_before),
        ],
        [
            "a count is missing",
            "product without reports in 12 months",
            "product with fewer reports than 12 months ago",
            "product without reports before",
            "product with fewer than no reports before",
            "pair with fewer reports than 12 months ago",
            "more reports of the pair than of its product",
            "the counts before give no share",
        ],
        default="",
    )
    shown = pl.DataFrame({"rp_before": pl.Series(rp_before).fill_nan(None)})
    return result(
        "increased_frequency",
        RULE,
        rp_now,
        is_signal=((now >= FEWEST) & (sudden | lasting)).tolist(),
        not_computed=[text or None for text in reasons.tolist()],
        keys=shown if keys is None else pl.concat([keys, shown], how="horizontal"),
    )
