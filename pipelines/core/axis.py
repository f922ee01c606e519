"""How a table shows what was known on a date: declared once on its class, compiled for every reader.

Belongs here: the kinds of axes and the one rule by which each is cut at a date, as SQL that Spark and DuckDB read
alike. Does not: reading. `lake/lake.py` and `lake/query.py` apply what is compiled here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["versions", "flows", "part", "derived", "timeless"]


@dataclass(frozen=True)
class Axis:
    """The axis of time of a table; made by one of the functions below."""

    kind: Kind
    start: str = ""  # versions: known from; flows: known on
    end: str = ""
    flag: str = ""
    whole: str = ""  # part: address of the table whose rows it belongs to; perhaps in versions of its own
    on: tuple[str, ...] = ()
    why: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the table that the axis needs."""
        return tuple(c for c in (self.start, self.end, self.flag, *self.on) if c)


@dataclass(frozen=True)
class Cut:
    """What a table looks like on a date: a condition on its rows, columns that say otherwise than today, its whole.

    `where` and the values of `replaced` are SQL; a part keeps the rows whose `on` the cut `whole` has.
    """

    where: str = "true"
    replaced: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""
    on: tuple[str, ...] = ()


def versions(start: str, end: str, flag: str) -> Axis:
    """Rows say from when (`start`) until when (`end`, null while it stands) they were the ones known."""
    return Axis("versions", start=start, end=end, flag=flag)


def flows(column: str) -> Axis:
    """Rows are added and never changed; `column` says on which date each could be known."""
    return Axis("flows", start=column)


def part_of(whole: str, *on: str, coded: tuple[str, str, str] = ("", "", "")) -> Axis:
    """Rows belong to rows of another table, by the columns `on`, and are known as long as those are.

    `coded` names the columns of `versions` where the rows are also versions of a coding.
    """
    return Axis("part", *coded, whole=whole, on=on)


def timeless(why: str) -> Axis:
    """Rows are those of today on every date; `why` says what makes that right, or what can't be told."""
    return Axis("timeless", why=why)


DERIVED = Axis("derived")  # computed anew for a date from tables cut there, in a lake of its own: of today all months


def as_known(month: str) -> Axis:
    """Derived, and the past stays: rows say what was known at the end of their `month`, and nothing later changes them.

    What says itself that it is of today (`is_latest`, versions of a model) is left out of this.
    """
    return Axis("derived", start=month)


def cut(axis: Axis, day: dt.date | None) -> Cut:
    """Compile an axis for a date: the only place that says what was known then. None is today: nothing is cut."""
    if day is None or axis.kind in ("derived", "timeless"):
        return Cut()
    if axis.kind == "part" and not axis.start:
        return Cut(whole=axis.whole, on=axis.on)
    date = f"DATE '{day.isoformat()}'"
    known = f"{axis.start} <= {date}"
    if axis.kind == "flows":
        return Cut(known)
    ended = f"CASE WHEN {axis.end} <= {date} THEN {axis.end} END"
    return Cut(known, {axis.end: ended, axis.flag: f"({ended}) IS NULL"}, axis.whole, axis.on)


def seen_from(axis: Axis) -> str:
    """Say in words how the table is seen on a past date."""
    if axis.kind == "derived" and axis.start:
        return f"As known then: a row says what was known at the end of its `{axis.start}`, and stays."
    coded = f", as coded from `{axis.start}` until `{axis.end}`" if axis.start else ""
    return {
        "versions": f"Versions: a row is known from `{axis.start}` until `{axis.end}`.",
        "flows": f"Flows: a row is known from `{axis.start}` on.",
        "part": f"Known as long as its row of `{axis.whole}` is{coded}.",
        "derived": "The past as seen today; computed anew for a past date from what was known then.",
        "timeless": f"The same on every date: {axis.why}.",
    }[axis.kind]
