"""The one shape in which every method answers, so that methods can be compared, joined and combined.

Belongs here: the columns and what they mean. Does not: a formula or a threshold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

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

    No number is ever passed off, and no row stops the others: a number that is NaN or infinite becomes null, and
    `not_computed` of its row says which it was. Where it is the estimate, the whole row is null; where it is a bound or
    p, what else was computed stays, without a flag, since a rule may look at what is missing.

    Args:
        method: name of the method.
        rule: the rule that `is_signal` applies, such as ``EB05 >= 2``.
        estimate: one number a row; NaN where not computed.
        lower: lower bounds, or None where the method has none.
        upper: upper bounds.
        p_value: p-values or posterior probabilities.
        is_signal: whether the rule is met; set to null in every row that gives a reason.
        not_computed: text or null a row; rows with a text hold no numbers.
        keys: columns put before the shape (product and event, week, node, …), of the same height.
    """
    estimates = np.asarray(estimate, dtype=float).ravel()
    n = estimates.size
    given = {"estimate": estimates, "lower": lower, "upper": upper, "p_value": p_value}
    numbers = {name: np.asarray(values, dtype=float).ravel() for name, values in given.items() if values is not None}
    stated = pl.Series("not_computed", [None] * n if not_computed is None else not_computed, dtype=pl.String)
    reasons = pl.select(pl.coalesce(stated, _overflow(numbers, n))).to_series()
    is_out = stated.is_not_null() | pl.Series(~np.isfinite(estimates), dtype=pl.Boolean)
    columns: dict[str, pl.Series] = {"method": pl.repeat(method, n, dtype=pl.String, eager=True)}
    for name in given:
        values = pl.Series(name, numbers.get(name, np.full(n, np.nan)))
        columns[name] = pl.select(pl.when(~is_out & values.is_finite()).then(values)).to_series()
    flags = pl.Series("is_signal", [None] * n if is_signal is None else is_signal, dtype=pl.Boolean)
    columns["is_signal"] = pl.select(pl.when(reasons.is_null()).then(flags)).to_series()
    columns["rule"] = pl.repeat(rule, n, dtype=pl.String, eager=True)
    columns["not_computed"] = reasons
    frame = pl.DataFrame({name: columns[name].alias(name) for name in SHAPE}, schema_overrides=SHAPE)
    return frame if keys is None else pl.concat([keys, frame], how="horizontal")


def _overflow(numbers: dict[str, NDArray[np.float64]], n: int) -> pl.Series:
    """What is NaN or infinite in each row, such as ``lower is missing, upper is infinite``; null where nothing is."""
    told = np.full(n, "", dtype=object)
    for name, values in numbers.items():
        for bad, word in ((np.isnan(values), "missing"), (np.isinf(values), "infinite")):
            told[bad] = [f"{text}, {name} is {word}".removeprefix(", ") for text in told[bad]]
    return pl.Series([text or None for text in told.tolist()], dtype=pl.String)
