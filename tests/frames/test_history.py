"""Versions from extractions, against a plain walk through the days."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.frames.history import history

DAY0 = dt.date(2020, 1, 1)
KEYS, SLOTS = "xy", "abc"
ROW = st.tuples(st.sampled_from(KEYS), st.sampled_from([None, 1, 2]))
EXTRACTION = st.tuples(st.sampled_from(SLOTS), st.integers(0, 6), st.lists(ROW, max_size=3))
WORLD = st.lists(EXTRACTION, max_size=7)
FIELDS = "world int, key string, n int, known_date date, slot string, line int"


def rows_of(world, number):
    """Rows of extractions; extractions of one slot and day are one file."""
    line = 0
    for slot, day, rows in world:
        for key, n in rows:
            line += 1
            yield number, key, n, DAY0 + dt.timedelta(day), f"{number}{slot}", line


def walked(rows, chosen):
    """What stood of each key on each day, as (key, content, from, to)."""
    extracted = {}
    for _, _, _, day, slot, _ in rows:
        extracted.setdefault(slot, set()).add(day)
    days = sorted({d for found in extracted.values() for d in found})
    found = []
    for key in KEYS:
        mine = [r for r in rows if r[1] == key]
        stands = None
        for day in days:
            shown = [
                r for r in mine
                if r[3] <= day and not any(r[3] < d <= day for d in extracted[r[4]])
            ]  # fmt: skip
            now = None
            if shown:
                latest = max(r[3] for r in mine if r[3] <= day)
                now = (chosen([r for r in mine if r[3] == latest])[2],)
            if stands and now != stands[0]:
                found.append((key, *stands[0], stands[1], day))
                stands = None
            if now and not stands:
                stands = (now, day)
        if stands:
            found.append((key, *stands[0], stands[1], None))
    return found


def last_slot(rows):
    return max(rows, key=lambda r: r[4])


def first_line(rows):
    return min(rows, key=lambda r: r[5])


@pytest.mark.spark
@pytest.mark.parametrize(("first", "chosen"), [((), last_slot), (("line",), first_line)])
@settings(max_examples=2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(worlds=st.lists(WORLD, min_size=100, max_size=100))
def test_versions_are_what_a_walk_through_the_days_sees(spark, first, chosen, worlds):
    told = [list({r[1] + r[4] + str(r[3]): r for r in rows_of(w, i)}.values()) for i, w in enumerate(worlds)]
    frame = spark.createDataFrame([r for rows in told for r in rows], FIELDS)
    given_rows = frame if first else frame.drop("line")
    found = sorted(map(tuple, history(given_rows, ["world", "key"], "slot", first).collect()), key=repr)
    assert found == sorted([(i, *v) for i, rows in enumerate(told) for v in walked(rows, chosen)], key=repr)


@pytest.mark.spark
def test_keys_alone_have_versions_too(spark):
    rows = [("x", DAY0, "a"), ("x", DAY0 + dt.timedelta(1), "a"), ("y", DAY0, "a")]
    found = history(spark.createDataFrame(rows, "key string, known_date date, slot string"), ["key"], "slot")
    assert sorted(map(tuple, found.collect())) == [
        ("x", DAY0, None),
        ("y", DAY0, DAY0 + dt.timedelta(1)),
    ]
