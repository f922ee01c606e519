"""Scores of a species by a prior that is shrunk to that of all animals, beside those by its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

PLAIN = ("ebgm", "eb05", "eb95", "is_ebgm_signal")
SHRUNK = ("ebgm_shrunk", "eb05_shrunk", "eb95_shrunk", "is_ebgm_shrunk_signal")


def shrunk_then(priors: list[Mapping[str, Any]], month: dt.date) -> Mapping[str, Any] | None:
    """Latest prior fitted at or before a month end that was shrunk to the whole."""
    return next((p for p in reversed(priors) if p["month"] <= month and p["is_shrunk_converged"]), None)


def with_shrunk(scores: pl.DataFrame, prior: Mapping[str, Any] | None, is_part: bool) -> pl.DataFrame:
    """Add `SHRUNK`: of a part by its shrunk prior, of a whole what the plain prior gives (it is shrunk to itself)."""
    from models.mgps.shrink import fitted_shrunk
    from models.rules import EB05_AT_LEAST_2, applies
    from models.score import ebgm

    if not is_part:
        return scores.with_columns(pl.col(old).alias(new) for old, new in zip(PLAIN, SHRUNK, strict=True))
    is_scored = pl.col("ic").is_not_null()
    if prior is None:
        reason = pl.concat_str(
            "not_computed", pl.lit("ebgm_shrunk: no prior of the whole"), separator="; ", ignore_nulls=True
        )
        nothing = [pl.lit(None, dtype=pl.Boolean if c.startswith("is_") else pl.Float64).alias(c) for c in SHRUNK]
        return scores.with_columns(*nothing, not_computed=pl.when(is_scored).then(reason).otherwise("not_computed"))
    a, expected = (scores[c].cast(pl.Float64).fill_null(0).to_numpy() for c in ("a", "expected"))
    found = ebgm(a, expected, fitted_shrunk(prior))
    met, known = applies(EB05_AT_LEAST_2, found)
    columns = [pl.Series(new, found[old]).fill_nan(None) for old, new in zip(PLAIN[:-1], SHRUNK[:-1], strict=True)]
    flag = pl.when(pl.Series(known)).then(pl.Series(met)).alias(SHRUNK[-1])
    blank = [pl.when(is_scored).then(c).alias(c) for c in SHRUNK]
    return scores.with_columns(*columns, flag).with_columns(blank)
