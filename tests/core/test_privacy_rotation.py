"""Privacy 6: keys rotate; persons of before and after are united, and no former pseudonym is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.core.balance import balance
from pipelines.core.ingest import ingest
from pipelines.core.keys import KeyRefused, agreed, stands
from pipelines.core.landing import scan
from pipelines.core.privacy import Pseudonymiser
from pipelines.core.verify import verify
from tests.core.landed import TOY, deliver
from tests.core.test_ingest import lake as lake
from tests.core.toy.tables import ToyPerson

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
