"""What leaves tells of nobody: hidden cells keep their room, whoever solves for them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.disclosure.bounds import ranges
from models.disclosure.differencing import differences, told
from models.disclosure.suppress import GIVES_AWAY, released, sensitive
from models.disclosure.table import MOST_CELLS, PROFILES, DisclosureError, Profile, crossed

SNDS, ROUNDED, VET = (PROFILES[name] for name in ("snds11", "opensafely", "vet"))


def table_of(counts, values=None):
    """Cases of a table given by its inner counts, a dimension an axis."""
    counts = np.asarray(counts)
    at = np.repeat(np.argwhere(counts >= 0), counts.reshape(-1), axis=0)
    return crossed({f"d{axis}": [f"l{i}" for i in at[:, axis]] for axis in range(counts.ndim)}, values)


def random_table(seed, profile):
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(2, 5, 2)) if seed % 3 else (2, 2, int(random.integers(2, 4)))
    shares = [random.dirichlet(np.full(size, 0.7)) for size in shape]
    n = int(random.integers(15, 400))
    rows = {f"d{i}": [f"l{x}" for x in random.choice(p.size, n, p=p)] for i, p in enumerate(shares)}
    return crossed(rows, random.geometric(0.05, n) if profile is VET else None)


def is_safe(table, profile):
    left = released(table, profile)
    for at, (low, high) in ranges(left.shown, profile.rounded_to).items():
        assert low <= table.values[at] <= high
        assert high - low >= profile.least, (at, table.values.tolist(), left.shown.tolist())
    return left


def test_a_hidden_cell_is_not_given_away_by_its_margins():
    table = table_of([[3, 40, 50], [30, 20, 60]])
    alone = np.where(table.values == 3, -1, table.values)
    assert ranges(alone) == {(0, 0): (3, 3)}
    left = is_safe(table, SNDS)
    assert left.why[0, 0] == "too few"
    assert set(left.why.values()) == {"too few", GIVES_AWAY}
    assert left.shown[-1, -1] == 203
    assert 4 <= len(left.why) <= 5


def test_zero_is_shown_and_a_table_of_many_stays_whole():
    table = table_of([[0, 40], [30, 20]])
    assert released(table, SNDS).why == {}
    assert released(table, SNDS).shown.tolist() == [[0, 40, 40], [30, 20, 50], [30, 60, 90]]


def test_a_table_of_few_is_hidden_whole():
    left = is_safe(table_of([[2, 1], [0, 3]]), SNDS)
    assert (left.shown[[0, 0, -1], [0, 1, -1]] == -1).all()


def test_rounding_is_to_the_nearest_and_few_stay_hidden():
    left = is_safe(table_of([[7, 41], [33, 68]]), ROUNDED)
    assert left.shown[0, 0] == -1
    assert left.shown[1, 1] in (-1, 70)
    assert set(np.unique(left.shown % 5)) <= {0, 4}  # -1 is hidden


def test_one_farm_that_makes_up_most_is_hidden():
    animals = [5000, *[1] * 19]
    table = crossed({"species": ["chicken"] * 20}, animals)
    assert sensitive(table, VET) == {(0,): "one makes up most", (1,): "one makes up most"}
    even = crossed({"species": ["chicken"] * 20}, [10] * 20)
    assert sensitive(even, VET) == {}


def test_the_second_farm_could_tell_the_first():
    # total 1,150, largest 700, second 400: the second knows the first to within 50, less than a tenth of it
    profile = Profile("p", 3, second_guess=0.1)
    assert sensitive(crossed({"a": ["x"] * 7}, [700, 400, 10, 10, 10, 10, 10]), profile)
    assert not sensitive(crossed({"a": ["x"] * 7}, [700, 400, 20, 20, 20, 20, 10]), profile)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6))
def test_no_hidden_cell_can_be_placed_closer_than_the_profile_says(profile, seed):
    is_safe(random_table(seed, profile), profile)


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_thousand_tables_leave_no_cell_to_be_worked_out(profile):
    for seed in range(334):
        is_safe(random_table(seed, profile), profile)


def test_the_audit_sees_what_thresholds_alone_give_away():
    n_given_away = 0
    for seed in range(20):
        table = random_table(seed, SNDS)
        alone = table.values.copy()
        for at in sensitive(table, SNDS):
            alone[at] = -1
        n_given_away += sum(high - low < SNDS.least for low, high in ranges(alone).values())
    assert n_given_away > 20


def test_shown_cells_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="no table"):
        ranges(np.array([[3, 4, 9], [1, 1, 2], [4, 5, -1]]))


def test_what_can_not_be_crossed_says_why():
    with pytest.raises(DisclosureError, match="no case"):
        crossed({"a": []})
    with pytest.raises(DisclosureError, match=f"at most {MOST_CELLS:,}"):
        crossed({"a": [str(i) for i in range(100)], "b": [str(i) for i in range(100)]})
    with pytest.raises(DisclosureError, match="less than nothing"):
        crossed({"a": ["x"]}, [-1])


def test_two_releases_that_differ_by_few_tell_of_these():
    everyone, survivors = table_of([[50, 40], [30, 20]]), table_of([[47, 40], [30, 20]])
    first = told(1, "cases", "all", everyone, released(everyone, SNDS), SNDS)
    second = told(2, "cases", "not fatal", survivors, released(survivors, SNDS), SNDS)
    found = differences(second, [first], SNDS.least)
    assert {(d.before, d.now) for d in found} == {(50, 47), (90, 87), (80, 77), (140, 137)}
    assert frozenset({("d0", "l0"), ("d1", "l0")}) in {d.cell for d in found}
    assert differences(first, [first], SNDS.least) == []
    other = told(3, "animals", "not fatal", survivors, released(survivors, SNDS), SNDS)
    assert differences(other, [first], SNDS.least) == []


def test_a_cell_is_not_told_exactly_and_rounded():
    table = table_of([[50, 42], [33, 21]])
    exact = told(1, "cases", "all", table, released(table, SNDS), SNDS)
    rounded = told(2, "cases", "all", table, released(table, ROUNDED), ROUNDED)
    assert len(differences(rounded, [exact], 8)) == 9
