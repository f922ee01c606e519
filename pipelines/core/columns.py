"""Column expressions that several sources need: codes, partial dates."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F


def coded(column: str, codes: Mapping[str, str] | Mapping[str, float]) -> Column:
    """Map a code column (trimmed, upper case) by a code list; what is not in it is null."""
    text = F.upper(F.trim(column))
    result = F.lit(None)
    for code, value in codes.items():
        result = F.when(text == code, F.lit(value)).otherwise(result)
    return result


def date_precision(column: str) -> Column:
    """`day`, `month` or `year` of a date written YYYYMMDD, YYYYMM or YYYY; null where it is none of them."""
    text = F.trim(column)
    day = F.when(F.try_to_date(text, F.lit("yyyyMMdd")).isNotNull(), "day")
    month = F.when(F.try_to_date(F.concat(text, F.lit("01")), F.lit("yyyyMMdd")).isNotNull(), "month")
    return F.when(text.rlike("^[12][0-9]{7}$"), day).otherwise(
        F.when(text.rlike("^[12][0-9]{5}$"), month).otherwise(F.when(text.rlike("^[12][0-9]{3}$"), "year"))
    )


def partial_date(column: str) -> Column:
    """Date of a text YYYYMMDD, YYYYMM or YYYY, its first day where the rest is missing; null where it is none."""
    text = F.trim(column)
    full = F.rpad(F.when(F.length(text) == 4, F.concat(text, F.lit("0101"))).otherwise(text), 8, "01")
    return F.when(text.rlike("^[12][0-9]{3}([0-9]{2}([0-9]{2})?)?$"), F.try_to_date(full, F.lit("yyyyMMdd")))
