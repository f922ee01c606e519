"""SCCS against the published analysis of MMR and thrombocytopenic purpura."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax

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


def by_day(people, windows, last, ages=(), washout=()):
    """Days of each person's events and observation by level, straight from the definition, a day at a time."""
    for start, end, events, exposures in people:
        levels = []
        for day in range(start, end + 1):
            risk = rest = 0
            for at in sorted(exposures):
                since, over = day - at, day - at - last
                if windows[0] <= since and over <= 0:
                    risk = max(k + 1 for k, w in enumerate(windows) if w <= since)
                if washout and 0 < over <= washout[-1]:
                    rest = min(k + 1 for k, w in enumerate(washout) if over <= w)
            levels.append((risk, 0 if risk else rest, sum(day > a for a in ages)))
        yield np.array(levels), [d - start for d in sorted(events)]


def likeliest(people, windows, last, ages=(), washout=()):
    """Relative incidences and Wald bounds by a minimiser of scipy on the likelihood of each event's day."""
    days = list(by_day(people, windows, last, ages, washout))
    sizes = (len(windows), len(washout), len(ages))
    columns = [(c, k) for c, n in enumerate(sizes) for k in range(1, n + 1)]
    tables = [(np.array([levels[:, c] == k for c, k in columns], float).T, at) for levels, at in days]

    def loss(beta):
        return sum(len(at) * logsumexp(x @ beta) - (x[at] @ beta).sum() for x, at in tables)

    def slope(beta):
        return sum(len(at) * (softmax(x @ beta) @ x) - x[at].sum(axis=0) for x, at in tables)

    beta = minimize(loss, np.zeros(len(columns)), jac=slope, method="BFGS", options={"gtol": 1e-9}).x
    information = sum(len(at) * ((x.T * (w := softmax(x @ beta))) @ x - np.outer(w @ x, w @ x)) for x, at in tables)
    error = 1.959963984540054 * np.sqrt(np.diag(np.linalg.inv(information)))
    return np.exp(beta), np.exp(beta - error), np.exp(beta + error)


def stacked(people, random=None):
    """Rows of the people: an event and an exposure a row, the shorter list filled up with its last or with none."""
    rows = []
    for label, (start, end, events, exposures) in enumerate(people):
        n = max(len(events), len(exposures))
        days = events + [events[-1]] * (n - len(events))
        taken = exposures + [np.nan] * (n - len(exposures))
        rows += [(f"p{label}", d, start, end, e) for d, e in zip(days, taken, strict=True)]
    if random is not None:
        random.shuffle(rows)
    return [np.array(column) for column in zip(*rows, strict=True)]


def drawn(random, n):
    """People with up to three exposures and three events, more of them soon after an exposure."""
    people = []
    for _ in range(n):
        start = int(random.integers(0, 30))
        end = start + int(random.integers(150, 400))
        exposures = sorted({int(x) for x in random.integers(start - 10, end, random.integers(0, 4))})
        events = {int(x) for x in random.integers(start, end + 1, random.integers(1, 3))}
        soon = [e + int(random.integers(0, 45)) for e in exposures if random.random() < 0.5]
        people.append((start, end, sorted(events | {d for d in soon if start <= d <= end}), exposures))
    return people


@pytest.mark.parametrize(
    ("windows", "last", "ages", "washout"),
    [((0,), 30, (), ()), ((0, 10), 30, (120, 240), ()), ((1, 15), 28, (180,), (20, 60)), ((-7, 0), 21, (), (14,))],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_an_independent_likelihood_agrees(windows, last, ages, washout, seed):
    """Repeated exposures that overlap, events repeated, blanks on some rows, in any order of the rows."""
    random = np.random.default_rng(seed)
    people = drawn(random, 60)
    made = [
        relative_incidence(intervals(*stacked(people, shuffle), windows, last, ages, washout))
        for shuffle in (None, random, random)
    ]
    assert made[0].equals(made[1]) and made[0].equals(made[2])
    for name, expected in zip(
        ("estimate", "lower", "upper"), likeliest(people, windows, last, ages, washout), strict=True
    ):
        assert made[0][name].to_list() == pytest.approx(expected, rel=1e-5)


def rows(*given_):
    return [np.array(column) for column in zip(*given_, strict=True)]


def test_blanks_on_some_rows_of_a_person_add_no_exposure():
    """The reported rows, with person 1 exposed: 7.49 (1.51 to 37.1), whichever row comes first."""
    reported = [("1", 300, 1, 365, np.nan), ("1", 110, 1, 365, 100), ("2", 120, 1, 365, 100), ("2", 200, 1, 365, 100)]
    reported += [("3", 50, 1, 365, 200), ("4", 210, 1, 365, 200), ("5", 30, 1, 365, np.nan)]
    for order in (reported, reported[::-1]):
        row = relative_incidence(intervals(*rows(*order), (0,), 42)).row(0, named=True)
        assert [row["estimate"], row["lower"], row["upper"]] == pytest.approx([7.488, 1.511, 37.10], abs=5e-3)
        assert row["n_events"] == 3


def test_an_episode_that_ends_before_a_window_starts_has_none_of_it():
    cut_ = intervals(*rows(("a", 120, 1, 200, 100)), (0, 15, 29), np.array([109]))
    assert list(zip(cut_.lower, cut_.upper, cut_.risk, strict=True)) == [(1, 99, 0), (100, 109, 1), (110, 200, 0)]


def test_exposures_with_an_end_of_their_own():
    """An episode a row; a long one goes on after a short one within it."""
    cut_ = intervals(*rows(("a", 120, 1, 200, 100), ("a", 120, 1, 200, 110)), (0,), np.array([150, 115]), washout=(10,))
    assert list(zip(cut_.lower, cut_.upper, cut_.risk, cut_.washout, cut_.events, strict=True)) == [
        (1, 99, 0, 0, 0),
        (100, 109, 1, 0, 0),
        (110, 115, 1, 0, 0),
        (116, 125, 1, 0, 1),
        (126, 150, 1, 0, 0),
        (151, 160, 0, 1, 0),
        (161, 200, 0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        (
            [("1", 5, 1, 9, 3), ("x", 5, 1, 9, 3), ("x", 6, 1, 8, 3)],
            "row 3, person 'x': observed from 1 to 8, in row 2 from 1 to 9",
        ),
        ([("1", 5, 1, 9, 3), ("x", 10, 1, 9, 3)], "row 2, person 'x': the event on day 10 lies outside observation"),
        ([("1", np.nan, 1, 9, 3)], "row 1, person '1': no event"),
    ],
)
def test_rows_that_contradict_each_other_are_named(given_, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        intervals(*rows(*given_), (0,), 2)


def test_an_exposure_with_two_ends_is_named():
    table = rows(("a", 120, 1, 200, 100), ("b", 50, 1, 200, 100), ("a", 130, 1, 200, 100))
    with pytest.raises(ValueError, match="row 3, person 'a': the exposure of day 100 ends on day 160, in row 1"):
        intervals(*table, (0,), np.array([150, 150, 160]))
    with pytest.raises(ValueError, match="row 2, person 'b': the exposure ends on day 50, before"):
        intervals(*table, (0,), np.array([150, 50, 150]))


def test_all_events_in_the_window_are_told():
    """Estimate and upper bound are infinite: the mirror image of a window without events."""
    table = rows(("1", 110, 1, 365, 100), ("2", 120, 1, 365, 100), ("4", 210, 1, 365, 200))
    row = relative_incidence(intervals(*table, (0,), 42)).row(0, named=True)
    assert (row["estimate"], row["upper"], row["is_signal"], row["n_events"]) == (None, None, None, 3)
    assert row["not_computed"] == "all events of its cases are in it: estimate and upper bound infinite"


def test_a_separated_window_leaves_the_others_as_a_fit_without_end_gives_them():
    """Window 2 holds all events of its cases or none: the rest are those of a likelihood with its estimate at +-25."""
    random = np.random.default_rng(5)
    people = [p for p in drawn(random, 80) if all(all(not 10 <= d - e <= 20 for d in p[2]) for e in p[3])]
    windows, last, ages = (0, 10, 21), 40, (200,)
    found = relative_incidence(intervals(*stacked(people), windows, last, ages))
    assert found["not_computed"].to_list() == [None, "no event in it", None, None]
    days = list(by_day(people, windows, last, ages))

    def loss(free):
        beta = np.array([free[0], -25.0, free[1], free[2]])
        total = 0.0
        for levels, at in days:
            score = np.array([levels[:, 0] == 1, levels[:, 0] == 2, levels[:, 0] == 3, levels[:, 2] == 1]).T @ beta
            total += len(at) * logsumexp(score) - score[at].sum()
        return total

    limit = np.exp(minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8}).x)
    assert found["estimate"].drop_nulls().to_list() == pytest.approx(limit, rel=1e-4)


def test_terms_that_nothing_tells_apart_are_told():
    table = rows(("1", 50, 1, 365, 100), ("2", 300, 1, 365, 120), ("3", 130, 100, 140, 100))
    found = relative_incidence(intervals(*table, (0, 10, 200), 400, (1000,)))
    assert found["not_computed"].to_list() == ["no event in it", None, "no event in it", "no person time"]
    late = rows(
        ("1", 450, 300, 600, 440), ("2", 350, 300, 600, 500), ("3", 500, 300, 600, 380), ("4", 505, 300, 600, 500)
    )
    found = relative_incidence(intervals(*late, (0,), 30, (100, 400)))
    apart = "not told apart from other terms"  # nobody is observed in the first age group
    assert found["not_computed"].to_list() == [None, apart, apart]
    alone = relative_incidence(intervals(*late, (0,), 30, (400,)))
    assert found["estimate"][0] == pytest.approx(alone["estimate"][0], rel=1e-9)


@given(st.data())
def test_no_rows_however_wild_stop_the_table(data):
    random = np.random.default_rng(data.draw(st.integers(0, 10_000)))
    people = drawn(random, data.draw(st.integers(1, 6)))
    found = relative_incidence(intervals(*stacked(people, random), (0, 10), 30, (100, 200), (20,)))
    assert found.height == 5
    for row in found.iter_rows(named=True):
        assert (row["estimate"] is None) == (row["not_computed"] is not None)


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
