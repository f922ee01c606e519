"""Rows of registers as they were known at month ends: what the tasks of several tables count from."""

from __future__ import annotations

import datetime as dt

import polars as pl

SHOWN = {"valid_from": pl.Date, "valid_to": pl.Date}  # columns that say when a row was known


def month_ends(first: dt.date, last: dt.date) -> pl.Series:
    """Month ends from the month of `first` on that are not after `last`."""
    days = pl.date_range(first.replace(day=1), last, "1mo", eager=True).dt.month_end()
    return days.filter(days <= last).alias("month")


def shown(at: pl.DataFrame, rows: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """Versions of rows that were known at each month end.

    What a source's first delivery shows was so before: it counts from its own dates.
    """
    dated = rows.join(heard, on="source", how="left")
    since = (pl.col("valid_from") <= pl.col("month")) | (pl.col("valid_from") <= pl.col("first"))
    until = pl.col("valid_to").is_null() | (pl.col("valid_to") > pl.col("month"))
    return at.join(dated, how="cross").filter(since & until).drop("first", "last")
