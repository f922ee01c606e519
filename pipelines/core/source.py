"""The card of a source system: who publishes it, under which licence, how often, with which traps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pipelines.core.dates import date_in_path

Overwritten = Literal["next_state", "correction", "another"]


@dataclass(frozen=True)
class Download:
    """One official file: where it is fetched from and under which name it lands."""

    url: str
    file: str


@dataclass(frozen=True)
class Days:
    """A span of days, as a person says it; `days` is None where nobody can promise one."""

    days: int | None
    says: str


@dataclass(frozen=True)
class Source:
    """All that is said, rather than done, about one source system.

    `known_date` reads the delivery's date from a landed path; where it finds none, the file's modification date is
    taken: the day somebody could know what the file says.

    `cadence` is how often a delivery is due, `lag` how long after the time that it tells of it may come at most.

    `overwritten` says what a file is that comes to lie, with other content, at the path of an earlier one. Of the same
    date it is a correction: the earlier one is replaced. On a later date (its path states none) it is the `next_state`
    of what the earlier one told, which stays known until then; or, where files add up, a `correction` as well, for both
    together would count twice. Messages that a partner sends are `another` in either case: each was received, and
    corrects others by its own numbers and versions.
    """

    name: str
    title: str
    publisher: str
    agency: str
    domain: str
    licence: str
    cadence: Days
    grain: str
    lag: Days
    traps: tuple[str, ...]
    homepage: str
    downloads: tuple[Download, ...] = ()
    known_date: Callable[[str], dt.date | None] = date_in_path
    overwritten: Overwritten = "next_state"

    def __post_init__(self) -> None:
        """Refuse a name that could not be a folder and a table prefix."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"source name {self.name!r} must be lower case letters, digits and underscores")

    @property
    def due(self) -> int | None:
        """Days after the newest delivery within which the next one is due; None where nobody can promise it."""
        if self.cadence.days is None or self.lag.days is None:
            return None
        return self.cadence.days + self.lag.days
