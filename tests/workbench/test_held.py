"""Lists held in memory say what their query over the files says, to each reader its own."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workbench.conftest import MONTHS, SHARED_SUBSTANCE, build, write
from workbench import lake as reading
from workbench.held import Held
from workbench.lake import OpenLake, Reader
from workbench.pages.ranking import DECIDED, SORTS, State
from workbench.policy import ROLES, Policy

AGENCIES = (("ANSM",), ("ANSES",), ("ANSM", "ANSES"))
STATES = st.builds(
    State,
    population=st.sampled_from(["human", "veterinary", "veterinary:dog", "moon"]),
    month=st.sampled_from([None, *MONTHS, dt.date(1990, 1, 31)]),
    q=st.sampled_from(["", "only", "SHARED", "fr", "a name", "%", "'"]),
    soc=st.sampled_from(["", "soc 1"]),
    least=st.integers(1, 12),
    methods=st.integers(0, 4),
    new=st.booleans(),
    since=st.sampled_from([None, MONTHS[1]]),
    decision=st.sampled_from(["", *DECIDED]),
    sort=st.sampled_from(sorted(SORTS)),
    direction=st.sampled_from(["down", "up"]),
    page=st.just(1),
)


@pytest.fixture(scope="module")
def opened(lake) -> OpenLake:
    return OpenLake(str(lake))


@settings(deadline=None, max_examples=150)
@given(state=STATES, agencies=st.sampled_from(AGENCIES), first=st.integers(0, 4), is_decided=st.booleans())
def test_a_page_is_what_its_query_says(opened, state, agencies, first, is_decided):
    reader = Reader(opened, Policy(agencies, ROLES["assessor"], "regulatory", "salt"))
    given_values = {**vars(state), "decided": ["SHAREDMOIETY\nveddra:1"] if is_decided else []}
    listing = state.listing()
    total, rows = reader.listed(listing, given_values, first, 5)
    assert rows == reader.rows(listing.page(first, 5), given_values)
    assert total == reader.rows(listing.count, given_values)[0]["n"]
    asked = [sql for _, sql in reader.asked]
    assert asked[:2] == asked[3:1:-1]  # what is told of it are these very queries
    assert all(row["population"].split(":")[0] in reader.policy.domains for row in rows)


def test_what_is_held_for_one_reader_is_not_for_another(opened):
    listed = {}
    for _, (agencies, population) in product(range(2), product(AGENCIES, ("human", "veterinary"))):
        reader = Reader(opened, Policy(agencies, ROLES["assessor"], "regulatory", "salt"))
        state = State(population, None, "", "", 1, 0, False, None, "", "n", "down", 1)
        listed[agencies, population] = reader.listed(state.listing(), vars(state), 0, 50)[0]
    assert {name for name, total in listed.items() if total == 0} == {
        (("ANSM",), "veterinary"),
        (("ANSES",), "human"),
    }


def test_a_new_version_is_another_list_and_the_longest_unused_goes(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    monkeypatch.setattr(reading, "MOST_HELD_ROWS", 10)
    build(tmp_path)
    opened = OpenLake(str(tmp_path))
    policy = Policy(("ANSM", "ANSES"), ROLES["assessor"], "regulatory", "salt")

    def total(population: str, reader: Reader) -> int:
        state = State(population, None, "", "", 1, 0, False, None, "", "n", "down", 1)
        counted = reader.rows(state.listing().count, vars(state))[0]["n"]
        assert reader.listed(state.listing(), vars(state), 0, 5)[0] == counted
        return counted

    before = Reader(opened, policy)
    totals = [total(p, before) for p in ("human", "veterinary", "human")]
    assert totals[0] == totals[2] > 0
    build(tmp_path, human=9)
    total("human", Reader(opened, policy))
    assert total("human", before) == totals[0]  # a page under way ends on the tables that it began with


def test_a_new_version_is_in_memory_before_a_page_is_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path)
    opened = OpenLake(str(tmp_path))
    policy = Policy(("ANSM",), ROLES["assessor"], "regulatory", "salt")
    state = State("human", MONTHS[-1], "", "", 1, 0, False, None, "", "n", "down", 1)
    before = Reader(opened, policy)
    before.listed(state.listing(), vars(state), 0, 5)
    build(tmp_path, human=9)
    after = Reader(opened, policy)
    asked = []
    monkeypatch.setattr(opened, "engine", lambda *given: asked.append(given) or OpenLake.engine(opened, *given))
    held = opened.held(after.edition, policy, state.listing(), vars(state))
    assert asked == []  # nothing is left to read
    total = after.listed(state.listing(), vars(state), 0, 500)
    assert total[0] == len(held) == len(after.rows(state.listing().page(0, 500), vars(state)))
    assert total != before.listed(state.listing(), vars(state), 0, 500)


def test_a_list_is_read_anew_where_a_table_of_it_changed_and_a_filter_where_one_of_its_own_did(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path)
    opened = OpenLake(str(tmp_path))
    policy = Policy(("ANSM",), ROLES["assessor"], "regulatory", "salt")
    state = State("human", MONTHS[-1], "nomfrancais", "", 1, 0, False, None, "", "n", "down", 1)

    def asked() -> tuple[Held, int]:
        reader = Reader(opened, policy)
        total = reader.listed(state.listing(), vars(state), 0, 5)[0]
        assert total == reader.rows(state.listing().count, vars(state))[0]["n"]
        return opened.held(reader.edition, policy, state.listing(), vars(state)), total

    held, total = asked()
    assert total == 0
    write(tmp_path, "bronze.delivery", [{"delivery_id": "another", "source": "faers", "file": "f", "status": "read"}])
    assert asked() == (held, 0)
    named = {"substance_key": SHARED_SUBSTANCE, "french_name": "Nomfrançais", "is_current": True}
    write(tmp_path, "silver.substance", [named])
    again, total = asked()
    assert again is held
    assert total > 0
    build(tmp_path, human=9)
    assert asked()[0] is not held
