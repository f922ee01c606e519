"""Column expressions that several sources need: codes, partial dates."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipelines.files.text import BLANKS
from pipelines.frames.readings import read
from pipelines.privacy.pseudonyms import ABSENT

FIRST_YEAR = 1900


def with_columns(frame: DataFrame, columns: Mapping[str, Column]) -> DataFrame:
    """A frame with these columns added or replaced, perhaps none: Connect refuses to add nothing."""
    return frame.withColumns(dict(columns)) if columns else frame


def coded(column: str, codes: Mapping[str, str] | Mapping[str, float]) -> Column:
    """Map a code column (trimmed, upper case) by a code list; what is not in it is null."""
    return looked_up(F.upper(F.trim(column)), codes)


def as_coded(codes: Iterable[str]) -> dict[str, str]:
    """Code list for `coded` of a source that writes the codes themselves, in whatever case."""
    return {code.upper(): code for code in codes}


def one_line(text: str | Column) -> Column:
    """A text with single blanks, whatever breaks its lines."""
    return F.trim(F.regexp_replace(text, r"[\s\u00a0]+", " "))


def looked_up(text: Column, listed: Mapping[str, str] | Mapping[str, float]) -> Column:
    """Value of a code list for a text as it stands; null for what the list does not hold."""
    of = "double" if any(isinstance(value, float) for value in listed.values()) else "string"
    return F.try_element_at(F.from_json(F.lit(json.dumps(dict(listed))), f"map<string,{of}>"), text)


def is_day(date: Column) -> Column:
    """Return a date, null where it is before 1900: nobody reported then, and a year 1012 is a slip for 2012."""
    return F.when(F.year(date) >= FIRST_YEAR, date)


def date_precision(column: str) -> Column:
    """`day`, `month` or `year` of a date that `partial_date` reads; null where it reads none."""
    digits = _digits(F.col(column))
    size = F.length(digits)
    known = F.when(size == 8, "day").when(size == 6, "month").when(size == 4, "year")
    return F.when(_partial(F.col(column)).isNotNull(), known)


def partial_date(column: str) -> Column:
    """Date written YYYYMMDD, YYYYMM or YYYY, dashes allowed, its first day where the rest is missing; else null."""
    return read(column, _partial)


def _digits(text: Column) -> Column:
    return F.replace(F.trim(text), F.lit("-"), F.lit(""))


def _partial(text: Column) -> Column:
    digits = _digits(text)
    full = F.rpad(F.when(F.length(digits) == 4, F.concat(digits, F.lit("0101"))).otherwise(digits), 8, "01")
    is_one = F.trim(text).rlike(r"^[12][0-9]{3}(-?[0-9]{2}(-?[0-9]{2})?)?$")
    return is_day(F.when(is_one, F.try_to_date(full, "yyyyMMdd")))


def iso_date(column: str) -> Column:
    """Date written YYYY-MM-DD, a time of day behind it allowed; null where it is none."""
    return read(column, lambda text: is_day(F.when(text.rlike(r"^ *\d{4}-\d"), F.try_to_date(F.trim(text)))))


def said(column: str) -> Column:
    """Trim a text; blank is null."""
    return F.when(F.trim(column) != "", F.trim(column))


def identifier(column: str | Column) -> Column:
    """An identifier as it is compared everywhere: no blank around it, no-break ones and tabs too.

    Null where it is blank or says that there is none.
    """
    text = F.btrim(F.col(column) if isinstance(column, str) else column, F.lit(BLANKS))
    return F.when(text.rlike(r"[\p{L}\p{N}]") & ~F.lower(text).isin(*sorted(ABSENT)), text)


def french_date(column: str) -> Column:
    """Date written DD/MM/YYYY; null where it is none."""
    return read(column, lambda text: is_day(F.try_to_date(F.trim(text), "dd/MM/yyyy")))


def american_date(column: str) -> Column:
    """Date written M/D/YYYY; null where it is none."""
    return read(column, lambda text: is_day(F.try_to_date(F.trim(text), "M/d/yyyy")))


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
