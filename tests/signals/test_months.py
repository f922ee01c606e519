"""Prefix sums of signed changes: the state at each month end is what a recount of the cases would give."""

from __future__ import annotations

import datetime as dt

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.signals.disproportionality.months import Population, refit_months

MONTHS = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31), dt.date(2024, 4, 30)]
case = st.tuples(
    st.sets(st.sampled_from("STU"), max_size=2),
    st.sets(st.sampled_from("EFG"), max_size=2),
    st.integers(0, 3),
    st.integers(1, 4),
)


def changes(cases) -> pl.DataFrame:
    rows: dict[tuple, int] = {}
    for substances, events, start, end in cases:
        for step, sign in ((start, 1), (end, -1)):
            if step < len(MONTHS) and start < end:
                for s in {*substances, "*"}:
                    for e in {*events, "*"}:
                        key = (s, e, MONTHS[step])
                        rows[key] = rows.get(key, 0) + sign
    schema = {"substance_key": pl.String, "term_key": pl.String, "month": pl.Date, "n_change": pl.Int64}
    return pl.DataFrame([(*key, n) for key, n in rows.items() if n], schema=schema, orient="row")


@given(st.lists(case, min_size=1, max_size=12))
def test_each_state_equals_a_recount(cases):
    table = changes(cases)
    if table.is_empty():
        return
    population = Population.of(table)
    for state in population.states():
        step = MONTHS.index(state.month)
        alive = [(s, e) for s, e, start, end in cases if start <= step < end]
        assert state.n_total == len(alive)
        for code, name in enumerate(population.substances):
            assert state.n_substance[code] == sum(name in s for s, _ in alive)
        for a, s, e in zip(state.a, state.substance_of, state.event_of, strict=True):
            assert a == sum(population.substances[s] in x and population.events[e] in y for x, y in alive)


@given(st.lists(st.integers(0, 10_000), max_size=40).map(sorted))
def test_the_prior_is_fitted_at_the_last_month_and_never_before_it_suffices(sizes):
    steps = refit_months(sizes, 500)
    assert all(sizes[s] >= 500 for s in steps)
    assert (not sizes or sizes[-1] < 500) == (steps == [])
    if steps:
        assert steps[-1] == len(sizes) - 1
        assert steps == sorted(set(steps))
