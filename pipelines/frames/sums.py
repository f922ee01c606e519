"""Sums that do not depend on the order of rows or partitions: the same inputs give the same last bit."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

EXACT = "decimal(38, 12)"  # 26 digits before the point, a billionth of a milligram's thousandth behind it


def exact_sum(value: str | Column) -> Column:
    """Sum of a column of doubles, added as decimals to twelve places; null where there is none, or no end of it."""
    value = F.col(value) if isinstance(value, str) else value
    return F.try_sum(value.try_cast(EXACT)).cast("double")


def exact_mean(value: str | Column) -> Column:
    """Mean of a column of doubles, by its `exact_sum`; null where there is none."""
    return F.try_divide(exact_sum(value), F.count(value))
