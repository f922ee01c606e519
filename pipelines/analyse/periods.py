"""A column of periods, put in order: numbers, days, weeks, months or quarters; gaps found, repeats refused.

Belongs here: what a column says about time. Does not: counts, or what a method does with them.
"""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pipelines.analyse.files import FileError

if TYPE_CHECKING:
    import polars as pl

MOST, SHOWN = 100_000, 5  # periods of a series, periods named in a sentence
FORMS = "a whole number, YYYY-MM-DD, YYYY-MM, YYYY-Www or YYYY-Qn"


@dataclass(frozen=True)
class Periods:
    """Periods of a series, regular and in order of time.

    Attributes:
        rows: the file's row (from 0) of each period, None where it has none.
        labels: what each period is called.
        days: first day of each, where the column says it.
        frequency: periods in a year, where the column says it.
        step: the length of a period in words.
    """

    rows: list[int | None]
    labels: list[str]
    days: list[dt.date] | None
    frequency: int | None
    step: str

    @property
    def is_usual(self) -> bool:
        """Whether people count in periods of this length, so that there is nothing to tell."""
        return self.step.startswith("1 ") or self.step in ("7 days", "3 months", "12 months")

    def missing(self) -> list[str]:
        """Names of the periods that the file has no row for."""
        return [label for label, row in zip(self.labels, self.rows, strict=True) if row is None]


@dataclass(frozen=True)
class _Unit:
    """Periods counted from some origin: from a cell, to a name, to its first day; how many make a year."""

    name: str
    at: Callable[[str], int | None]
    label: Callable[[int], str]
    day: Callable[[int], dt.date] | None
    year: float | None


def _found(pattern: str, position: Callable[..., int]) -> Callable[[str], int | None]:
    compiled = re.compile(pattern, re.IGNORECASE)

    def at(text: str) -> int | None:
        found = compiled.fullmatch(text)
        try:
            return position(*map(int, found.groups())) if found else None
        except ValueError:
            return None

    return at


def _part(size: int) -> Callable[[int, int], int]:
    """Position of the month or quarter of a year, of which there are `size`."""

    def position(year: int, part: int) -> int:
        if not (1 <= part <= size and 1 <= year <= 9999):
            raise ValueError
        return year * size + part - 1

    return position


def _week(year: int, week: int) -> int:
    return dt.date.fromisocalendar(year, week, 1).toordinal() // 7


def _monday(at: int) -> dt.date:
    return dt.date.fromordinal(at * 7 + 1)


def _week_label(at: int) -> str:
    year, week, _ = _monday(at).isocalendar()
    return f"{year}-W{week:02}"


def _month_label(at: int) -> str:
    return f"{at // 12:04}-{at % 12 + 1:02}"


_DAY = _Unit(
    "day",
    _found(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ][\d:.Z+-]*)?", lambda *ymd: dt.date(*ymd).toordinal()),
    lambda at: dt.date.fromordinal(at).isoformat(),
    dt.date.fromordinal,
    365.25,
)
_MONTH = _Unit(
    "month",
    _found(r"((?:19|20)\d\d)[-/]?(\d\d)", _part(12)),
    _month_label,
    lambda at: dt.date(at // 12, at % 12 + 1, 1),
    12,
)
_WEEK = _Unit(
    "week",
    _found(r"((?:19|20)\d\d)[-/ ]?[WS]?(\d\d)", _week),  # S: semaine
    _week_label,
    _monday,
    365.25 / 7,
)
_QUARTER = _Unit(
    "quarter",
    _found(r"(\d{4})[-/ ]?[QT]([1-4])", _part(4)),  # T: trimestre
    lambda at: f"{at // 4}-Q{at % 4 + 1}",
    lambda at: dt.date(at // 4, at % 4 * 3 + 1, 1),
    4,
)
_NUMBER = _Unit("number", _found(r"([+-]?\d{1,15})(?:\.0*)?", int), str, None, None)
_UNITS = (_DAY, _MONTH, _WEEK, _QUARTER, _NUMBER)


def read(column: pl.Series) -> Periods:
    """Put a column of periods in order.

    A period without a row stands between its neighbours where the step is plain: one day of the week, one day of the
    month, months, weeks or quarters by name, or a step that most rows are apart.

    Raises:
        FileError: a cell that is no period, a period that stands twice, steps that are not regular.
    """
    import polars as pl

    texts = column.cast(pl.String).str.strip_chars().fill_null("").to_list()
    unit, at = _unit(column.name, texts)
    order = sorted(range(len(at)), key=at.__getitem__)
    for before, after in pairwise(order):
        if at[before] == at[after]:
            first, second = sorted((before + 1, after + 1))
            raise FileError(
                f"column {column.name!r}, rows {first} and {second}: {unit.label(at[before])} twice; "
                "a series has one row a period, so add them up first"
            )
    names = dict(zip(at, texts, strict=True))
    if unit is _DAY:
        unit, at, names = _same_day_of_month(at, names)
    ordered = sorted(at)
    step = _step(column.name, unit, ordered)
    places = range(ordered[0], ordered[-1] + 1, step)
    if len(places) > MOST:
        raise FileError(f"column {column.name!r}: {len(places):,} periods from {names[ordered[0]]}: is each a period?")
    row = {place: index for index, place in enumerate(at)}
    return Periods(
        [row.get(place) for place in places],
        [names.get(place) or unit.label(place) for place in places],
        [unit.day(place) for place in places] if unit.day and len(at) > 1 else None,
        round(unit.year / step) if unit.year and len(at) > 1 else None,
        f"{step} {unit.name}s" if step > 1 else f"1 {unit.name}",
    )


def _unit(column: str, texts: Sequence[str]) -> tuple[_Unit, list[int]]:
    """The first unit that reads every cell."""
    best, most = _NUMBER, 0
    for unit in _UNITS:
        at = [unit.at(text) for text in texts]
        read = [place for place in at if place is not None]
        if len(read) == len(texts):
            return unit, read
        best, most = (unit, len(read)) if len(read) > most else (best, most)
    bad = next(row for row, text in enumerate(texts) if best.at(text) is None)
    if not texts[bad]:
        raise FileError(f"column {column!r}, row {bad + 1}: no period")
    forms = f"not a period: {FORMS}; without --time the order of rows counts"
    told = f"not a {best.name} as the others" if most else forms
    raise FileError(f"column {column!r}, row {bad + 1}: {told}")


def _same_day_of_month(at: list[int], names: dict[int, str]) -> tuple[_Unit, list[int], dict[int, str]]:
    """Months, where every day is the same of its month, or the last of it; else days as they are."""
    days = [dt.date.fromordinal(place) for place in at]
    is_last = all((day + dt.timedelta(days=1)).day == 1 for day in days)
    if len(days) < 2 or not (is_last or len({day.day for day in days}) == 1):
        return _DAY, at, names
    months = [day.year * 12 + day.month - 1 for day in days]
    named = {month: names[place] for month, place in zip(months, at, strict=True)}

    def label(month: int) -> str:
        year, part = divmod(month, 12)
        last = calendar.monthrange(year, part + 1)[1]
        return dt.date(year, part + 1, last if is_last else min(last, days[0].day)).isoformat()

    return _Unit("month", _MONTH.at, label, _MONTH.day, 12), months, named


def _step(column: str, unit: _Unit, ordered: list[int]) -> int:
    """Largest step that reaches every period."""
    steps = [after - before for before, after in pairwise(ordered)]
    step = math.gcd(*steps) or 1
    usual = Counter(steps).most_common(1)[0][0] if steps else 1
    is_plain = unit.name in ("month", "week", "quarter") or (unit is _DAY and step % 7 == 0)
    if is_plain or step == usual:
        return step
    odd = [
        f"{unit.label(before)} to {unit.label(after)}"
        for before, after in pairwise(ordered)
        if (after - before) % usual
    ]
    raise FileError(
        f"column {column!r}: the steps are not regular, mostly {usual} {unit.name}{'s' * (usual > 1)}, "
        f"but not from {listed(odd)}"
    )


def listed(names: Sequence[str]) -> str:
    """Name the first few, and say how many more."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
