"""Prefix sums of signed changes: the state at each month end is what a recount of the cases would give."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.cube.kernels import add, cells_of, negative
from models.cube.keys import unpack
from models.cube.months import month_end
from pipelines.defs.gold.disproportionality import points
from pipelines.defs.gold.disproportionality.months import Changes, refit_months
from pipelines.defs.gold.disproportionality.score import _months

CODES = st.lists(st.integers(1, 3), max_size=2, unique=True).map(sorted)
CASES = st.lists(st.tuples(CODES, CODES, st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=12)
FIRST = 1488


def cells(cases):
    parts = []
    for substances, events, start, lasts in cases:
        for month, sign in ((start, 1), (start + lasts, -1)):
            lists = [(np.array([0, len(v)]), np.array(v, dtype=int)) for v in (substances, events)]
            one = cells_of(np.array([FIRST + month]), np.array([0]), *lists)
            parts.append(one if sign == 1 else negative(one))
    return add(parts)


@given(CASES)
def test_each_state_equals_a_recount(cases):
    if not (counted := cells(cases))[0].size:
        return
    changes = Changes.of(counted)
    for state, size in zip(changes.states(), changes.sizes, strict=True):
        step = state.month - FIRST
        alive = [(s, e) for s, e, start, lasts in cases if start <= step < start + lasts]
        assert state.n_total == size == len(alive)
        for at, code in enumerate(changes.substances):
            assert state.n_substance[at] == sum(code in s for s, _ in alive)
        for a, s, e in zip(state.a, state.substance_of, state.event_of, strict=True):
            assert a == sum(changes.substances[s] in x and changes.events[e] in y for x, y in alive)


@given(CASES, st.sampled_from([points.FINE, points.COARSE]))
def test_points_hold_every_cell_of_the_table_once(cases, step):
    if not (counted := cells(cases))[0].size:
        return
    changes = Changes.of(counted)
    sums = points.Sums()
    for part, histogram in points.counted(changes, 1, step, with_events=True).items():
        sums.parts[part].append(histogram)
    sizes = dict(zip(changes.months, changes.sizes, strict=True))
    n_cells = {s.month: (s.n_substance > 0).sum() * (s.n_event > 0).sum() for s in changes.states()}
    for month in sums.months():
        weighted = sums.points(month, sizes[month], step, with_zeros=True)
        assert weighted.weight.sum() == n_cells[month]
        assert (weighted.weight > 0).all()


def test_what_tasks_hand_over_gives_the_same_last_bit_in_any_order():
    random = np.random.default_rng(1)
    made = [([int(random.integers(1, 4))], [int(random.integers(1, 4))], int(random.integers(4)), 4) for _ in range(60)]
    parts = [points.counted(Changes.of(cells(made[i::4])), 1, points.FINE, with_events=i == 0) for i in range(4)]
    found = []
    for order in ((0, 1, 2, 3), (3, 1, 0, 2)):
        sums = points.Sums()
        for at in order:
            for part, histogram in parts[at].items():
                sums.parts[part].append(histogram)
        month = sums.months()[-1]
        weighted = sums.points(month, 60, points.FINE, with_zeros=False)
        found.append((weighted.n.tobytes(), weighted.expected.tobytes(), weighted.weight.tobytes()))
    assert found[0] == found[1]


@given(st.lists(st.integers(0, 10_000), max_size=40).map(sorted))
def test_the_prior_is_fitted_where_something_changed_and_whatever_comes_later(sizes):
    changed = np.diff(sizes, prepend=0) > 0
    steps = refit_months(sizes, changed, 500)
    assert all(sizes[s] >= 500 for s in steps)
    assert (not sizes or sizes[-1] < 500) == (steps == [])
    assert all(changed[s] for s in steps)
    assert steps == sorted(set(steps))
    for n in range(len(sizes)):
        assert refit_months(sizes[:n], changed[:n], 500) == [s for s in steps if s < n]


@given(CASES, st.integers(0, 8))
def test_rows_of_a_month_are_there_or_not_whatever_comes_later(cases, month):
    """Also of months in which nothing changed: they have no rows, so that their end needs nobody to tell it."""
    whole = cells(cases)
    keys, counts = whole
    known = unpack(keys, counts).month <= FIRST + month
    if not known.any():
        return
    until = month_end(FIRST + month)
    rows = [
        pl.concat(made).filter(pl.col("month") <= until).drop("is_latest").rows() if made else []
        for made in (list(_months("human", Changes.of(c), [], 1, None)) for c in (whole, (keys[known], counts[known])))
    ]
    assert rows[0] == rows[1]


def test_the_last_month_of_a_past_lake_is_its_date():
    keys, counts = cells([([1], [1], 0, 9), ([1], [1], 1, 9)])
    known = unpack(keys, counts).month <= FIRST + 1
    until = dt.date(2024, 2, 11)
    told = pl.concat(
        list(_months("human", Changes.of((keys[known], counts[known]), FIRST + 1), [], 1, FIRST + 1, until))
    )
    assert told["month"].to_list() == [until]
    assert (month_end(FIRST, until), month_end(FIRST + 1, until)) == (dt.date(2024, 1, 31), until)
