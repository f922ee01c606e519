"""The card of a source system: who publishes it, under which licence, how often, with which traps."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.core.dates import date_in_path


@dataclass(frozen=True)
class Download:
    """One official file: where it is fetched from and under which name it lands."""

    url: str
    file: str


@dataclass(frozen=True)
class Source:
    """All that is said, rather than done, about one source system.

    `known_date` reads the delivery's date from a landed path; where it finds none, the file's modification date is
    taken: the day somebody could know what the file says.
    """

    name: str
    title: str
    publisher: str
    agency: str
    domain: str
    licence: str
    cadence: str
    grain: str
    lag: str
    traps: tuple[str, ...]
    homepage: str
    downloads: tuple[Download, ...] = ()
    known_date: Callable[[str], dt.date | None] = date_in_path

    def __post_init__(self) -> None:
        """Refuse a name that could not be a folder and a table prefix."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise ValueError(f"source name {self.name!r} must be lower case letters, digits and underscores")
