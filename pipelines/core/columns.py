"""Column expressions that several sources need: codes, partial dates."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.core.reading import BLANKS


def coded(column: str, codes: Mapping[str, str] | Mapping[str, float]) -> Column:
    """Map a code column (trimmed, upper case) by a code list; what is not in it is null."""
    return looked_up(F.upper(F.trim(column)), codes)


def looked_up(text: Column, listed: Mapping[str, str] | Mapping[str, float]) -> Column:
    """Value of a code list for a text as it stands; null for what the list does not hold."""
    pairs = [F.lit(t) for key in listed for t in (key, listed[key])]
    return F.try_element_at(F.create_map(*pairs), text)


def date_precision(column: str) -> Column:
    """`day`, `month` or `year` of a date written YYYYMMDD, YYYYMM or YYYY; null where it is none of them."""
    text = F.trim(column)
    day = F.when(F.try_to_date(text, "yyyyMMdd").isNotNull(), "day")
    month = F.when(F.try_to_date(F.concat(text, F.lit("01")), "yyyyMMdd").isNotNull(), "month")
    return F.when(text.rlike("^[12][0-9]{7}$"), day).otherwise(
        F.when(text.rlike("^[12][0-9]{5}$"), month).otherwise(F.when(text.rlike("^[12][0-9]{3}$"), "year"))
    )


def partial_date(column: str) -> Column:
    """Date of a text YYYYMMDD, YYYYMM or YYYY, its first day where the rest is missing; null where it is none."""
    text = F.trim(column)
    full = F.rpad(F.when(F.length(text) == 4, F.concat(text, F.lit("0101"))).otherwise(text), 8, "01")
    return F.when(text.rlike("^[12][0-9]{3}([0-9]{2}([0-9]{2})?)?$"), F.try_to_date(full, "yyyyMMdd"))


def said(column: str) -> Column:
    """Trim a text; blank is null."""
    return F.when(F.trim(column) != "", F.trim(column))


def identifier(column: str | Column) -> Column:
    """An identifier as it is compared everywhere: no blank around it, no-break ones and tabs too; blank is null."""
    return F.nullif(F.btrim(F.col(column) if isinstance(column, str) else column, F.lit(BLANKS)), F.lit(""))


def french_date(column: str) -> Column:
    """Date written DD/MM/YYYY; null where it is none."""
    return F.try_to_date(F.trim(column), "dd/MM/yyyy")


def french_partial(column: str) -> Column:
    """Digits YYYY, YYYYMM or YYYYMMDD of a partial date written JJ/MM/AAAA, /MM/AAAA or //AAAA; null for others."""
    parts = F.split(F.trim(column), "/")
    year, month, day = (F.trim(F.get(parts, F.lit(i))) for i in (2, 1, 0))
    text = F.when(month == "", year).when(day == "", F.concat(year, month)).otherwise(F.concat(year, month, day))
    return F.when(F.size(parts) == 3, text)


def plain(column: str) -> Column:
    """Upper case without French accents, trimmed; blank is null."""
    text = F.translate(F.upper(F.trim(column)), "ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜ", "AAACEEEEIIOOUUU")
    return F.nullif(text, F.lit(""))


def month(column: str) -> Column:
    """Months since January 1900."""
    return ((F.year(column) - 1900) * 12 + F.month(column) - 1).cast("int")
