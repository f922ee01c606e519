"""Increased frequency as the lake asks for it: a substance that lost reports stops no batch."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.gold.comparison.build import comparing

NAMES = ("population", "substance_key", "substance_name", "term_key", "term_name")
COUNTS = ("a", "n", "a_12", "n_12", "a_24", "n_24")


def asked(rows):
    """Reports of pairs and substances as known now, 12 and 24 months ago, through the task of the table."""
    columns = dict(zip(COUNTS, zip(*rows, strict=True), strict=True))
    frame = pl.DataFrame({name: [f"{name}{i}" for i in range(len(rows))] for name in NAMES}).with_columns(
        month=pl.lit(dt.date(2025, 6, 30)),
        is_latest=pl.lit(True),
        expected=pl.lit(1.0),
        has_history=pl.lit(True),
        **{name: pl.Series(values, dtype=pl.Int64) for name, values in columns.items()},
    )
    return pl.DataFrame(pa.Table.from_batches(list(comparing(iter(frame.to_arrow().to_batches())))))


def test_retractions_are_told_in_their_row():
    found = asked([(8, 28, 8, 30, 3, 20), (12, 120, 2, 100, 1, 50), (3, 9, 4, 8, 0, 0)])
    assert found["not_computed"].to_list() == [
        "product with fewer reports than 12 months ago",
        None,
        "pair with fewer reports than 12 months ago",
    ]
    assert found["is_signal"].to_list() == [None, True, None]


@given(st.lists(st.tuples(*[st.integers(0, 40)] * 6), min_size=1, max_size=20))
def test_any_course_of_counts(rows):
    found = asked(rows)
    assert found.height == len(rows)
    assert (found["estimate"].is_null() == found["not_computed"].is_not_null()).all()
