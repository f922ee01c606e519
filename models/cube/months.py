"""Months as the cube counts them, from January 1900."""

from __future__ import annotations

import calendar
import datetime as dt

from models.cube.keys import FIRST_YEAR


def month_end(code: int, until: dt.date | None = None) -> dt.date:
    """Last day of a month that counts from January 1900; in a lake that is seen from a date, no later than that."""
    year, month = FIRST_YEAR + code // 12, code % 12 + 1
    end = dt.date(year, month, calendar.monthrange(year, month)[1])
    return end if until is None else min(end, until)


def month_code(day: dt.date) -> int:
    """Months since January 1900."""
    return (day.year - FIRST_YEAR) * 12 + day.month - 1
