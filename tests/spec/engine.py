"""What examples ask of the engine: columns that read texts, histories of extractions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from pipelines.frames import history
from pipelines.frames.columns import date_precision, partial_date
from pipelines.frames.numbers import amount_mg, number

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

    from tests.spec.asked import Found, Tables


def _read(spark: SparkSession, tables: Tables, **columns: Callable[[str], Column]) -> Found:
    """Columns made of `text`, in the order of the rows."""
    (rows,) = tables.values()
    given = spark.createDataFrame([(i, row["text"]) for i, row in enumerate(rows)], "place int, text string")
    found = given.withColumns({name: column("text") for name, column in columns.items()}).sort("place")
    return [row.asDict() for row in found.collect()]


def numbers(spark: SparkSession, tables: Tables) -> Found:
    return _read(spark, tables, number=number)


def amounts(spark: SparkSession, tables: Tables) -> Found:
    return _read(spark, tables, mg=amount_mg)


def partial_dates(spark: SparkSession, tables: Tables) -> Found:
    return _read(spark, tables, date=partial_date, precision=date_precision)


def extractions(spark: SparkSession, tables: Tables) -> Found:
    rows = [tuple(row.values()) for row in tables["files"]]
    observed = spark.createDataFrame(rows, "record string, status string, known_date string, slot string")
    made = history.extracted_versions(
        observed.withColumn("known_date", F.col("known_date").cast("date")), ["record"], "slot"
    )
    return [row.asDict() for row in made.sort("record", "valid_from").collect()]


ASKED_OF_ENGINE: dict[str, Callable[[Any, Tables], Found]] = {
    "numbers": numbers,
    "amounts": amounts,
    "partial_dates": partial_dates,
    "extractions": extractions,
}
