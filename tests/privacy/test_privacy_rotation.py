"""Privacy 6: keys rotate; persons of before and after are united, and no former pseudonym is left."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.intake.balance import balance
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import scan
from pipelines.lake.lake import Lake
from pipelines.lake.verify import verify
from pipelines.privacy.keys import KeyRefused, agreed, stands
from pipelines.privacy.pseudonyms import Pseudonymiser
from pipelines.upkeep import rotation
from pipelines.upkeep import verify as sweeping
from tests.intake.landed import TOY, deliver
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyPerson

ONE = Pseudonymiser("first key", 1)
TWO = Pseudonymiser("second key", 2, ((1, "first key"),))
THREE = Pseudonymiser("third key", 3, ((1, "first key"), (2, "second key")))


def run(lake, landing, key):
    return ingest(lake, TOY, scan(str(landing), {"toy": TOY}), str(landing), key, lambda _: None)


def test_a_pseudonym_of_a_former_key_is_taken_on_without_the_identifier():
    first, second, third = (key("A1") or "" for key in (ONE, TWO, THREE))
    assert [p[:3] for p in (first, second, third)] == ["p1_", "p2_", "p3_"]
    assert TWO.moved_on(first) == second
    assert THREE.moved_on(first) == THREE.moved_on(second) == THREE.moved_on(third) == third
    assert Pseudonymiser("another", 2, ((1, "first key"),))("A1") != second


def test_a_pseudonym_of_the_demonstration_and_what_is_none_stay_as_they_are():
    demonstration = Pseudonymiser()("A1") or ""
    assert [TWO.moved_on(text) for text in (demonstration, "A1", "p1_xyz", "")] == [demonstration, "A1", "p1_xyz", ""]


def test_no_key_shows_anywhere():
    assert "key" not in repr(THREE).replace("key=", "").lower()
    with pytest.raises(KeyRefused) as refused:
        agreed_after([ONE], Pseudonymiser("other secret", 1))
    assert "secret" not in str(refused.value)


def agreed_after(before: list[Pseudonymiser], then: Pseudonymiser, root: str | None = None):
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        for key in before:
            agreed(root or made, key)
        return agreed(root or made, then)


@pytest.mark.parametrize(
    ("before", "then", "said"),
    [
        ([ONE], Pseudonymiser("another", 1), "version 1 is another"),
        ([ONE], Pseudonymiser("second key", 2), "version 1, which is not set: .*FORMER_PSEUDONYM_KEYS__1"),
        ([TWO], Pseudonymiser("second key", 2, ((1, "another"),)), "version 1 is another"),
        ([THREE], TWO, "version 3, which is not set"),
        ([Pseudonymiser("second key", 2)], TWO, "never written with"),
    ],
)
def test_keys_that_are_not_the_lakes_are_refused(before, then, said):
    with pytest.raises(KeyRefused, match=said):
        agreed_after(before, then)


def test_new_keys_follow_those_of_the_lake():
    assert sorted(agreed_after([ONE, TWO], THREE).checks) == [1, 2, 3]


def test_the_lake_knows_no_key_but_a_check_of_it(tmp_path):
    agreed(str(tmp_path), THREE)
    stands(str(tmp_path), ["toy_person"], 3)
    kept = (tmp_path / "_keys.json").read_text()
    assert not [key for key in ("first key", "second key", "third key") if key in kept]


@pytest.mark.spark
def test_persons_of_two_versions_of_the_key_are_united(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__person=b"A1|before\nA2|before\n")
    run(lake, landing, ONE)
    deliver(landing, two__person=b"A1|after\nA3|after\nA1|x|broken\n")
    run(lake, landing, TWO)
    found = {(r["person"], r["note"]) for r in lake[ToyPerson.address()].collect()}
    assert found == {(TWO("A1"), "before"), (TWO("A2"), "before"), (TWO("A1"), "after"), (TWO("A3"), "after")}
    assert balance(lake, ToyPerson).is_balanced
    assert not verify(lake.path(ToyPerson.address()), ToyPerson.address()).problems
    old = [(key(i) or "").encode() for key in (ONE,) for i in ("A1", "A2")]
    held = [p for p in Path(lake.root).rglob("*") if p.is_file() and any(o in p.read_bytes() for o in old)]
    assert held == [], "a key that became known opens nothing"
    before = lake.version(ToyPerson.address())
    run(lake, landing, TWO)
    assert lake.version(ToyPerson.address()) == before, "a lake that stands at the key is not written again"
    with pytest.raises(KeyRefused):
        run(lake, landing, Pseudonymiser("second key", 2))


def held_anywhere(root: Path, pseudonyms: list[str]) -> list[str]:
    """Files whose bytes, or whose values once unpacked, hold one of the pseudonyms."""
    found = []
    for path in (p for p in root.rglob("*") if p.is_file()):
        unpacked = str(pq.read_table(path, partitioning=None).to_pylist()) if path.suffix == ".parquet" else ""
        if any(p.encode() in path.read_bytes() or p in unpacked for p in pseudonyms):
            found.append(str(path.relative_to(root)))
    return found


class Met(Table):
    """One person, derived."""

    layer, name, key = "silver", "met", ("person", "note")
    axis = DERIVED
    person = Column("string", "Pseudonym", required=True, sensitivity="personal")
    note = Column("string", "What is said", required=True)


@pytest.mark.spark
def test_no_pseudonym_of_a_former_key_is_left_in_any_version_once_a_run_went_through(lake, tmp_path, monkeypatch):
    declared = {**lake.tables, Met.address(): Met}
    for module in (rotation, sweeping):
        monkeypatch.setattr(module, "tables", lambda: declared)
    landing, root, said = tmp_path / "in", Path(lake.root), []
    now, past = (Lake(lake.spark, lake.root, declared, day) for day in (None, dt.date(2024, 3, 31)))
    deliver(landing, one__person=b"A1|before\nA2|before\n")

    def derive(*lakes):
        for each in lakes:
            each.upsert(Met, lake[ToyPerson.address()].select("person", "note"), {})

    run(lake, landing, ONE)
    derive(now, past)
    (root / "_damaged" / "silver").mkdir(parents=True)
    (root / "_damaged" / "silver" / "x").write_text(ONE("A1") or "")
    rotation.forget_former(lake.root, said.append)
    assert said == [], "there is one key, and nothing to do"
    old = [ONE("A1") or "", ONE("A2") or ""]
    run(lake, landing, TWO)
    derive(now)
    assert held_anywhere(root, old), "histories, the past lake and what was set aside"
    rotation.forget_former(lake.root, said.append)
    assert held_anywhere(root, old) == []
    assert len(said) == 1 and "former keys" in said[0]
    assert not verify(now.path(Met.address()), Met.address()).problems
    assert {r["person"] for r in now[Met.address()].collect()} == {TWO("A1"), TWO("A2")}
    derive(past)
    rotation.forget_former(lake.root, said.append)
    assert len(said) == 1, "once after each rotation"
    assert past.n_rows(Met.address()) == 2
    agreed(lake.root, THREE)
    rotation.forget_former(lake.root, said.append)
    assert "bronze.toy_person still hold" in said[1]
    assert past.n_rows(Met.address()) == 2, "nothing is done before all tables stand at the last key"
