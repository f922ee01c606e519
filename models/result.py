"""The one shape in which every method answers, so that methods can be compared, joined and combined.

Belongs here: the columns and what they mean. Does not: a formula or a threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

SHAPE = {
    "method": pl.String,  # name of the method, its variant included
    "estimate": pl.Float64,  # the method's own scale, which its docstring states
    "lower": pl.Float64,
    "upper": pl.Float64,
    "p_value": pl.Float64,  # p or posterior probability of no association
    "is_signal": pl.Boolean,  # null where the rule can't be decided
    "rule": pl.String,  # the rule behind is_signal, with its threshold
    "not_computed": pl.String,  # why numbers are null; null where all that the method gives is there
}
Numbers = Any  # numpy array, polars series or list


def result(
    method: str,
    rule: str,
    estimate: Any,
    *,
    lower: Numbers = None,
    upper: Numbers = None,
    p_value: Numbers = None,
    is_signal: Numbers = None,
    not_computed: Numbers = None,
    keys: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Put a method's answer in the shape of `SHAPE`: one row for each thing scored, in the order given.

    Args:
        method: name of the method.
        rule: the rule that `is_signal` applies, such as ``EB05 >= 2``.
        estimate: one number a row; NaN where not computed.
        lower: lower bounds, or None where the method has none.
        upper: upper bounds.
        p_value: p-values or posterior probabilities.
        is_signal: whether the rule is met; set to null in every row that was not computed.
        not_computed: text or null a row; its rows hold no numbers.
        keys: columns put before the shape (product and event, week, node, …), of the same height.

    Raises:
        ValueError: a number is NaN in a row that gives no reason, or infinite anywhere: no number is ever passed off.
    """
    estimates = np.asarray(estimate, dtype=float).ravel()
    n = estimates.size
    reasons = pl.Series("not_computed", [None] * n if not_computed is None else not_computed, dtype=pl.String)
    is_out = reasons.is_not_null()
    columns: dict[str, pl.Series] = {"method": pl.repeat(method, n, dtype=pl.String, eager=True)}
    given = {"estimate": estimates, "lower": lower, "upper": upper, "p_value": p_value}
    for name, values in given.items():
        columns[name] = _numbers(name, values, is_out, required=name == "estimate")
    flags = pl.Series("is_signal", [None] * n if is_signal is None else is_signal, dtype=pl.Boolean)
    columns["is_signal"] = pl.select(pl.when(~is_out).then(flags)).to_series()
    columns["rule"] = pl.repeat(rule, n, dtype=pl.String, eager=True)
    columns["not_computed"] = reasons
    frame = pl.DataFrame({name: columns[name].alias(name) for name in SHAPE}, schema_overrides=SHAPE)
    return frame if keys is None else pl.concat([keys, frame], how="horizontal")


def _numbers(name: str, values: Numbers, is_out: pl.Series, required: bool) -> pl.Series:
    """Null where not computed; NaN elsewhere is an error in the estimate and null in bounds that a row lacks."""
    if values is None:
        return pl.Series(name, [None] * is_out.len(), dtype=pl.Float64)
    series = pl.Series(name, np.asarray(values, dtype=float).ravel())
    kept = pl.select(pl.when(~is_out).then(series.fill_nan(None))).to_series()
    if required and (kept.is_null() & ~is_out).any():
        raise ValueError(f"{name} is missing in a row that gives no reason")
    if kept.is_infinite().any():
        raise ValueError(f"{name} is infinite in row {kept.is_infinite().arg_true()[0]}")
    return kept
