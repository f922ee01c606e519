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
    """RP: reports of the pair over reports of its product; NaN where the product has none."""
    return np.divide(pair, product, out=np.full(np.shape(pair), np.nan), where=product > 0)


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

    `estimate` is RP of the last 12 months; `rp_before` before it is RP of all months before. Not computed where the
    product has no report in the last 12 months or none before them.
    """
    (now, year, past), (n_now, n_year, n_past) = (
        tuple(np.asarray(x, dtype=float) for x in spans) for spans in (pair, product)
    )
    rp_now, rp_year, rp_past = share(now, n_now), share(year, n_year), share(past, n_past)
    rp_before = share(year + past, n_year + n_past)
    sudden = rp_now >= ONE_YEAR * rp_before
    lasting = (rp_now >= TWO_YEARS * rp_past) & (rp_year >= TWO_YEARS * rp_past) & (rp_year > 0)
    reasons = np.select(
        [n_now == 0, n_year + n_past == 0],
        ["product without reports in 12 months", "product without reports before"],
        default="",
    )
    before = pl.DataFrame({"rp_before": pl.Series(rp_before).fill_nan(None)})
    return result(
        "increased_frequency",
        RULE,
        rp_now,
        is_signal=((now >= FEWEST) & (sudden | lasting)).tolist(),
        not_computed=[text or None for text in reasons.tolist()],
        keys=before if keys is None else pl.concat([keys, before], how="horizontal"),
    )
