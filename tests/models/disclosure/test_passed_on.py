"""Reports of months held against each other: no two of them together tell of 1 to 10, and each tells what was so."""

from __future__ import annotations

import datetime as dt
from itertools import combinations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.disclosure.differencing import passed_on
from models.disclosure.suppress import is_few, without_few

COUNTS = ("n", "n_gone")
STEPS = st.lists(st.tuples(st.integers(0, 15), st.integers(-12, 12), st.booleans()), min_size=1, max_size=14)


def months(n: int) -> list[dt.date]:
    return [dt.date(2020 + i // 12, i % 12 + 1, 28) for i in range(n)]


def rows_of(key: str, counts: list[tuple[int, int]]) -> pl.DataFrame:
    columns = dict(zip(COUNTS, zip(*counts, strict=True), strict=True))
    return pl.DataFrame({"key": [key] * len(counts), "month": months(len(counts)), **columns})


def shown_of(rows: pl.DataFrame, least: int = 11) -> list[dict]:
    return passed_on(rows, ["key"], "month", COUNTS, least).sort("key", "report").to_dicts()


@given(STEPS, STEPS)
def test_no_two_reports_together_tell_of_few(one, other):
    frames = []
    for key, steps in (("a", one), ("b", other)):
        n, gone, counts = 0, 0, []
        for joined, left, _ in steps:
            n, gone = n + joined, max(0, gone + left)
            counts.append((n, gone))
        frames.append(rows_of(key, counts))
    whole = pl.concat(frames)
    alone = without_few(whole, dict.fromkeys(COUNTS, ()), 11).drop("is_hidden")
    shown = shown_of(alone)
    assert len(shown) == whole.height
    for before, now in combinations(shown, 2):
        if before["key"] == now["key"]:
            told = [(before[c], now[c]) for c in COUNTS if before[c] is not None and now[c] is not None]
            assert not any(0 < abs(a - b) < 11 for a, b in told)
    stood = {(r["key"], r["month"]): r for r in alone.to_dicts()}
    for row in shown:
        assert row["month"] <= row["report"]
        assert {c: row[c] for c in COUNTS} == {c: stood[row["key"], row["month"]][c] for c in COUNTS}


def test_a_row_stands_until_enough_came_and_then_is_that_of_its_month():
    shown = shown_of(rows_of("a", [(20, 0), (23, 0), (30, 0), (31, 0), (31, 0), (50, 15)]))
    assert [r["n"] for r in shown] == [20, 20, 20, 31, 31, 50]
    assert [r["month"] for r in shown] == [months(6)[i] for i in (0, 0, 0, 3, 4, 5)]


def test_what_comes_back_is_held_against_all_reports_and_not_the_last_alone():
    shown = shown_of(rows_of("a", [(40, 0), (20, 0), (36, 0), (51, 0)]))
    assert [r["n"] for r in shown] == [40, 20, 20, 51], "36 is four from what the first report told"


def test_nobody_is_no_few():
    assert [is_few(n, 11) for n in (0, 1, 10, 11)] == [False, True, True, False]
    assert shown_of(rows_of("a", [(0, 0), (11, 0)]))[1]["n"] == 11
    assert shown_of(pl.DataFrame(schema={"key": pl.String, "month": pl.Date, "n": pl.Int64, "n_gone": pl.Int64})) == []
