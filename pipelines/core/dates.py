"""Dates as authorities write them: partial, in several orders, in file names."""

from __future__ import annotations

import calendar
import datetime as dt
import re

_DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_]?(0[1-9]|1[0-2])[-_]?(0[1-9]|[12]\d|3[01])(?!\d)")
_QUARTER = re.compile(r"(?<!\d)((?:19|20)?\d\d)q([1-4])(?!\d)", re.IGNORECASE)
_MONTH_FOLDER = re.compile(r"(?:^|[/_])((?:19|20)\d\d)-(0[1-9]|1[0-2])/")
_YEAR_FOLDER = re.compile(r"(?:^|[/_-])((?:19|20)\d\d)/")


def end_of_month(year: int, month: int) -> dt.date:
    """Last day of a month."""
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def date_in_path(path: str) -> dt.date | None:
    """Date that a landed path states: a day, else the end of a quarter, of a folder's month, of its year.

    The last statement in the path wins, so that a dated file in a dated folder keeps its own date.
    """
    if days := list(_DAY.finditer(path)):
        try:
            return dt.date(*(int(g) for g in days[-1].groups()))
        except ValueError:
            return None
    if quarters := list(_QUARTER.finditer(path)):
        year, quarter = quarters[-1].groups()
        return end_of_month(int(year) if len(year) == 4 else 2000 + int(year), int(quarter) * 3)
    if months := list(_MONTH_FOLDER.finditer(path)):
        year, month = months[-1].groups()
        return end_of_month(int(year), int(month))
    if years := list(_YEAR_FOLDER.finditer(path)):
        return dt.date(int(years[-1].group(1)), 12, 31)
    return None
