"""Readings: which column is read by which rule, noted as conform steps are built.

A rule that turns a text into a number or a date is asked for by the column's name (`number("quantite")`). While
`noting()` is open, each such call is noted, so that what was there and could not be read is counted without a word in
the source: a new source has it for free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pyspark.sql import Column
from pyspark.sql import functions as F

Rule = Callable[[Column], Column]


def is_told(text: Column) -> Column:
    """Tell whether a text says anything: more than blanks of any kind."""
    return F.coalesce(text.rlike(r"[^\s\u00a0\u202f\u2007]"), F.lit(False))


@dataclass(frozen=True)
class Reading:
    """A column (`animal.age.min` is inside JSON), the rule that reads it, and which of its texts the rule is for."""

    column: str
    rule: Rule
    is_meant: Rule = is_told


_open: ContextVar[list[Reading] | None] = ContextVar("readings", default=None)


@contextmanager
def noting() -> Iterator[list[Reading]]:
    """Collect the readings that are asked for inside."""
    noted: list[Reading] = []
    token = _open.set(noted)
    try:
        yield noted
    finally:
        _open.reset(token)


def read(text: str | Column, rule: Rule, is_meant: Rule = is_told) -> Column:
    """Read a column by a rule; one given by its name is noted."""
    if isinstance(text, Column):
        return rule(text)
    if (noted := _open.get()) is not None:
        noted.append(Reading(text, rule, is_meant))
    return rule(F.col(text))
