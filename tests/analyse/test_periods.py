"""What a column says about time: forms, order, gaps and repeats."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.analyse.files import FileError
from pipelines.analyse.periods import read


def column(*cells):
    return pl.Series("week", cells)


@pytest.mark.parametrize(
    ("cells", "frequency", "first", "missing"),
    [
        (
            ["2024-01-01", "2024-01-15", "2024-02-05"],
            52,
            dt.date(2024, 1, 1),
            ["2024-01-08", "2024-01-22", "2024-01-29"],
        ),
        (["2024-01-01", "2024-01-15", "2024-01-29"], 26, dt.date(2024, 1, 1), []),
        (["2017-01", "2017-02", "2017-05"], 12, dt.date(2017, 1, 1), ["2017-03", "2017-04"]),
        (["2017-01-01", "2017-02-01", "2017-05-01"], 12, dt.date(2017, 1, 1), ["2017-03-01", "2017-04-01"]),
        (["2023-12-31", "2024-01-31", "2024-03-31"], 12, dt.date(2023, 12, 1), ["2024-02-29"]),
        (["2023-01-01", "2023-04-01", "2023-10-01"], 4, dt.date(2023, 1, 1), ["2023-07-01"]),
        (["2023-Q3", "2024-Q1"], 2, dt.date(2023, 7, 1), []),
        (["2023-Q3", "2023Q4", "2024-T2"], 4, dt.date(2023, 7, 1), ["2024-Q1"]),
        (["2020-W52", "2021-W02", "2021-W03"], 52, dt.date(2020, 12, 21), ["2020-W53", "2021-W01"]),
        (["202052", "202053", "202101"], 52, dt.date(2020, 12, 21), []),
        (["202311", "202312", "202401"], 12, dt.date(2023, 11, 1), []),
        (["20240101", "20240102", "20240104"], 365, dt.date(2024, 1, 1), ["2024-01-03"]),
        (["2024-01-01T00:00:00", "2024-01-08 00:00:00.000"], 52, dt.date(2024, 1, 1), []),
        (["1", "2", "4.0"], None, None, ["3"]),
        ([3, 1, 2], None, None, []),
        ([dt.date(2024, 1, 1), dt.date(2024, 1, 8)], 52, dt.date(2024, 1, 1), []),
        (["2024-02-29"], None, None, []),
    ],
)
def test_forms(cells, frequency, first, missing):
    found = read(column(*cells))
    assert found.frequency == frequency
    assert (found.days[0] if found.days else None) == first
    assert found.missing() == missing
    assert [row for row in found.rows if row is not None] == sorted(range(len(cells)), key=lambda i: str(cells[i]))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (["soon", "later"], r"row 1: not a period: a whole number, YYYY-MM-DD"),
        (["2024-01-01", "01/02/2024"], r"row 2: not a day as the others"),
        (["2024-01-01", "2024-02-30"], r"row 2: not a day as the others"),
        (["2024-W52", "2024-W53"], r"row 2: not a week as the others"),
        (["2024-01", None], r"row 2: no period"),
        (["2024-01-01", "2024-01-08", "2024-01-01"], r"rows 1 and 3: 2024-01-01 twice; .* add them up first"),
        (
            ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-23"],
            r"mostly 7 days, but not from 2024-01-15 to 2024-01-23",
        ),
        (["10", "20", "30", "35"], r"mostly 10 numbers, but not from 30 to 35"),
        (["1", "2", "3", "900000"], r"900,000 periods from 1"),
        (["2024-01-01", "1"], r"as the others"),
    ],
)
def test_what_is_refused(cells, said):
    with pytest.raises(FileError, match=f"column 'week'[,:].*{said}"):
        read(column(*cells))


@given(
    st.dates(dt.date(1980, 1, 1), dt.date(2040, 1, 1)),
    st.lists(st.integers(1, 6), min_size=2, max_size=30),
    st.randoms(use_true_random=False),
)
def test_weeks_with_gaps_in_any_order(first, steps, rng: random.Random):
    """Every period from the first to the last, in order, whatever the order of rows; 7 days or a multiple that all are."""
    days = [first]
    for step in steps:
        days.append(days[-1] + dt.timedelta(weeks=step))
    shuffled = rng.sample(days, len(days))
    found = read(pl.Series("week", [day.isoformat() for day in shuffled]))
    assert [shuffled[row] for row in found.rows if row is not None] == days
    assert found.days is not None
    assert (found.days[0], found.days[-1]) == (days[0], days[-1])
    gaps = {after - before for before, after in zip(found.days, found.days[1:], strict=False)}
    assert len(gaps) == 1
    assert gaps.pop().days % 7 == 0
    assert {found.labels[i] for i, row in enumerate(found.rows) if row is not None} == {d.isoformat() for d in days}
