"""From a source's rows to rows of the tables: periods, what is not said, versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.table import Table
from pipelines.formats.antibiotics import NAMES
from pipelines.frames.columns import looked_up, one_line
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions, first_of_day
from pipelines.frames.readings import read

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

UNSTATED = "unstated"


def versioned(rows: DataFrame, table: type[Table]) -> DataFrame:
    """Rows of one of the tables with their versions; each delivery of a `slot` is its full state.

    `rows` has `known_date`, `slot`, `file`, `line_number`, the key and what it knows of the other columns. Rows whose
    key has a null are left out: their bacterium, class, place or period could not be read, which is counted.
    """
    key = [c for c in table.key if c != "valid_from"]
    whole = rows.dropna(subset=[c for c in key if c in rows.columns])
    return conformed(extracted_versions(first_of_day(whole, key), key), table)


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
