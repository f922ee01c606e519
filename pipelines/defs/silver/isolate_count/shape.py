"""What feeds of isolates share: classes by name, periods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.formats.antibiotics import NAMES
from pipelines.frames.columns import looked_up, one_line
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column

UNSTATED = "unstated"


def class_code(column: str) -> Column:
    """Code of a class of antibiotics by its name in English; null for another."""
    return read(column, lambda name: looked_up(F.lower(one_line(name)), NAMES))


def year(number: Column) -> Mapping[str, Column]:
    """Columns of a period that is a year."""
    return {
        "period": number.cast("string"),
        "period_start": F.make_date(number, F.lit(1), F.lit(1)),
        "period_end": F.make_date(number, F.lit(12), F.lit(31)),
    }


def week(monday: Column) -> Mapping[str, Column]:
    """Columns of a period that is the week from a Monday."""
    return {"period": monday.cast("string"), "period_start": monday, "period_end": F.date_add(monday, 6)}
