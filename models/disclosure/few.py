"""Rows of figures on their way out: what tells of few is taken away, and all that it could be worked out from.

Belongs here: single figures that no total holds. Does not: tables with margins (`models.disclosure.suppress`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

HIDDEN = "is_hidden"


def without_few(rows: pl.DataFrame, told_by: Mapping[str, Sequence[str]], least: int) -> pl.DataFrame:
    """Rows in which counts of 1 to `least` - 1 are null, and with each the columns that `told_by` says tell of it.

    A count that is missing hides what tells of it too: nothing says that it is not small. 0 is shown. Adds `is_hidden`
    where a count was hidden.
    """
    few = {count: ~(pl.col(count) >= least) & (pl.col(count) != 0) for count in told_by}
    missing = {count: few[count] | pl.col(count).is_null() for count in told_by}
    hides: dict[str, list[pl.Expr]] = {}
    for count, telling in told_by.items():
        for column in (count, *telling):
            hides.setdefault(column, []).append(missing[count])
    shown = [pl.when(~pl.any_horizontal(why)).then(pl.col(column)).alias(column) for column, why in hides.items()]
    return rows.with_columns(*shown, pl.any_horizontal(w.fill_null(False) for w in few.values()).alias(HIDDEN))
