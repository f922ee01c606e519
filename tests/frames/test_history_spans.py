"""Rows over time: cut where they meet, joined while both stand, merged where nothing changed."""

from __future__ import annotations

import datetime as dt

import pytest
from pyspark.sql import functions as F

from pipelines.frames.history import BEGINNING, SPAN, first_serves_before, meeting, merged, spans, timeline

pytestmark = pytest.mark.spark
D = dt.date
A, B, C = D(2020, 1, 1), D(2021, 1, 1), D(2022, 1, 1)


def rows(spark, *given):
    return spark.createDataFrame(list(given), "key string, value string, known_from date, known_to date")


def told(frame, *columns):
    return sorted(tuple(map(str, row)) for row in frame.select(*(columns or ("key", "value", *SPAN))).collect())


def test_rows_are_coded_over_time_as_they_would_be_at_each_date(spark):
    given = rows(spark, ("x", "b", A, None), ("x", "a", B, C), ("y", "c", B, C)).cache()
    least = spans(given, ["key"]).groupBy("key", *SPAN).agg(F.min("value").alias("value"))
    assert told(merged(least, ["key"])) == [
        ("x", "a", "2021-01-01", "2022-01-01"),
        ("x", "b", "2020-01-01", "2021-01-01"),
        ("x", "b", "2022-01-01", "None"),
        ("y", "c", "2021-01-01", "2022-01-01"),
    ]
    assert told(timeline(given, ["key"]).filter("key = 'y'")) == [
        ("y", "None", "1900-01-01", "2021-01-01"),
        ("y", "None", "2022-01-01", "None"),
        ("y", "c", "2021-01-01", "2022-01-01"),
    ]
    other = rows(spark, ("x", "o", BEGINNING, B)).select("key", F.col("value").alias("other"), *SPAN)
    assert told(meeting(given, other, ["key"])) == [("x", "b", "2020-01-01", "2021-01-01")]


def test_what_says_the_same_without_a_gap_is_one_row_and_the_first_release_serves_before(spark):
    given = rows(spark, ("x", "a", A, B), ("x", "a", B, C), ("y", "a", A, B), ("y", "a", C, None))
    assert told(first_serves_before(merged(given, ["key"]))) == [
        ("x", "a", "1900-01-01", "2022-01-01"),
        ("y", "a", "1900-01-01", "2021-01-01"),
        ("y", "a", "2022-01-01", "None"),
    ]
