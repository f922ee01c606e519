"""SCCS against the published analysis of MMR and thrombocytopenic purpura."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.sccs.intervals import intervals
from models.sccs.sccs import relative_incidence

AGES = (426, 487, 548, 609, 670)
MODELS = {
    "mod1_1period_noage": ((0,), ()),
    "mod2_1period_age5": ((0,), AGES),
    "mod3_3periods_age5": ((0, 15, 29), AGES),
}


def cut(shared, windows, ages, by_event=False):
    data = pl.read_csv(shared / "references/sccs/itpdat.csv")
    columns = (data[c].to_numpy() for c in ("itp", "sta", "end", "mmr"))
    person = np.arange(data.height) if by_event else data["case"].to_numpy()
    return intervals(person, *columns, windows=windows, exposure_end=42, ages=ages)


@pytest.mark.samples
@pytest.mark.parametrize("name", MODELS)
def test_relative_incidences_are_the_published_ones(shared, name):
    fitted = relative_incidence(cut(shared, *MODELS[name]))
    expected = pl.read_csv(shared / f"references/sccs/expected_itp_{name}.csv")
    assert fitted.height == expected.height
    for ours, theirs in (("estimate", "rr"), ("lower", "lo"), ("upper", "hi"), ("p_value", "p")):
        np.testing.assert_allclose(fitted[ours], expected[theirs], rtol=1e-6)


@pytest.mark.samples
def test_time_is_cut_as_published(shared):
    ours = cut(shared, *MODELS["mod3_3periods_age5"], by_event=True)
    theirs = pl.read_csv(shared / "references/sccs/expected_itp_mod3_intervals.csv", infer_schema=False)
    columns = [theirs[c].cast(pl.Int64) for c in ("lower", "upper", "mmr", "age", "event")]
    assert sorted(zip(ours.lower, ours.upper, ours.risk, ours.age + 1, ours.events, strict=True)) == sorted(
        zip(*columns, strict=True)
    )


CASE = st.tuples(st.integers(0, 50), st.integers(60, 120), st.integers(-20, 140))


@given(st.lists(CASE, min_size=1, max_size=8), st.lists(st.integers(1, 100), max_size=3, unique=True).map(sorted))
def test_no_day_is_lost_or_counted_twice(cases, ages):
    start, end, exposure = map(np.array, zip(*cases, strict=True))
    made = intervals(np.arange(len(cases)), start + 5, start, end, exposure, (0, 10), 30, ages)
    assert (np.bincount(made.person, made.days) == end - start + 1).all()
    assert made.events.sum() == len(cases)


def test_a_window_without_events_is_not_computed():
    made = intervals([1, 2], [50, 60], [1, 1], [100, 100], [10, np.nan], (0,), 5)
    row = relative_incidence(made).to_dicts()[0]
    assert (row["estimate"], row["not_computed"]) == (None, "no event in it")
    with pytest.raises(ValueError, match="outside observation"):
        intervals([1], [200], [1], [100], [10], (0,), 5)
