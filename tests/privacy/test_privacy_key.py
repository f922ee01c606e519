"""Privacy 1: without a key of one's own, identifiers of what is not simulated are refused, and read once there is one."""

from __future__ import annotations

import pytest

from pipelines.commands.doctor import diagnose
from pipelines.core.ledger import Delivery, Quarantine
from pipelines.intake.balance import balance
from pipelines.intake.ingest import ingest
from pipelines.intake.landing import MARKER, scan, unclaimed
from pipelines.intake.simulated import marking, simulated
from pipelines.privacy.pseudonyms import DEMONSTRATION_KEY, HOW_TO_MAKE_A_KEY, WITHOUT_KEY, Pseudonymiser
from pipelines.settings import SettingsError, load
from tests.intake.landed import TOY, deliver
from tests.intake.test_ingest import ADDRESS
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyPerson

SOURCES = {"toy": TOY}


def run(lake, landing, key=None):
    said: list[str] = []
    pseudonymiser = Pseudonymiser(key) if key else Pseudonymiser()
    return ingest(lake, TOY, scan(str(landing), SOURCES), str(landing), pseudonymiser, said.append), said


def people(lake) -> set[str]:
    return {r["person"] for r in lake[ToyPerson.address()].collect()}


@pytest.mark.spark
def test_without_a_key_only_tables_with_identifiers_wait_for_one(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, one__txt=b"a|b\n", one__person=b"SECRET|fine\n")
    intake, said = run(lake, landing)
    assert lake[ADDRESS].count() == 1, "a source without identifiers goes on"
    assert not lake.exists(ToyPerson.address()) or not lake[ToyPerson.address()].count()
    refused = lake[Delivery.address()].filter("status = 'refused'").collect()
    assert [(r["table_name"], r["reason"]) for r in refused] == [("", WITHOUT_KEY)]
    assert HOW_TO_MAKE_A_KEY in WITHOUT_KEY
    assert [s for s in said if HOW_TO_MAKE_A_KEY in s]
    assert [r["raw"] for r in lake[Quarantine.address()].collect()] == [None]

    before = lake.version(Delivery.address())
    intake, said = run(lake, landing)
    assert (intake.ledger, lake.version(Delivery.address())) == ([], before)
    assert [s for s in said if HOW_TO_MAKE_A_KEY in s], "each run says what still waits"

    intake, said = run(lake, landing, "a key")
    assert intake.total("n_rows_kept") == 1
    assert people(lake) == {Pseudonymiser("a key")("SECRET")}
    assert not lake[Quarantine.address()].count(), "the refusal is taken back"
    assert not lake[Delivery.address()].filter("status = 'refused'").count()
    assert balance(lake, ToyPerson).is_balanced
    assert not [s for s in said if HOW_TO_MAKE_A_KEY in s]


@pytest.mark.spark
def test_a_simulated_file_needs_no_key_and_a_real_one_beside_it_does(lake, tmp_path):
    landing = tmp_path / "in"
    deliver(landing, real__person=b"WAS-THERE|before\n")
    with marking(str(landing), SOURCES):
        deliver(landing, one__person=b"SIM-1|made up\n")
    deliver(landing, later__person=b"CAME|later\n", copy__person=b"SIM-1|made up\n")
    assert unclaimed(str(landing), SOURCES) == []
    run(lake, landing)
    assert people(lake) == {Pseudonymiser()("SIM-1")}
    refused = {r["file"] for r in lake[Delivery.address()].filter("status = 'refused'").collect()}
    assert refused == {"toy/real.person", "toy/later.person"}
    run(lake, landing, "a key")
    assert people(lake) == {Pseudonymiser()("SIM-1"), *map(Pseudonymiser("a key"), ("WAS-THERE", "CAME"))}


def test_a_file_of_the_simulator_that_was_changed_is_no_longer_simulated(tmp_path):
    with marking(str(tmp_path), SOURCES):
        deliver(tmp_path, one__person=b"SIM-1|made up\n")
    (before,) = scan(str(tmp_path), SOURCES)
    deliver(tmp_path, one__person=b"SIM-1|made up\nREAL|added\n")
    (after,) = scan(str(tmp_path), SOURCES)
    assert before.sha256 in simulated(str(tmp_path))
    assert after.sha256 not in simulated(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"simulated": true}', b"\xff", b'{"simulated": "ab"}'])
def test_a_marker_that_lists_nothing_marks_nothing(tmp_path, content):
    (tmp_path / MARKER).parent.mkdir()
    (tmp_path / MARKER).write_bytes(content)
    assert simulated(str(tmp_path)) == frozenset()


def test_pseudonyms_of_the_demonstration_show_what_they_are():
    assert (Pseudonymiser()("x") or "").startswith("p0_")
    assert (Pseudonymiser("own")("x") or "").startswith("p1_")


@pytest.mark.parametrize(
    ("key", "is_ok", "said"), [(None, False, "none"), ("short", False, "guessed"), ("k" * 32, True, "set")]
)
def test_the_doctor_says_whether_there_is_a_key_and_how_to_make_one(monkeypatch, tmp_path, key, is_ok, said):
    monkeypatch.setenv("GERLAND_SETTINGS", str(tmp_path / "none.toml"))
    monkeypatch.delenv("GERLAND_PSEUDONYM_KEY", raising=False)
    found = next(f for f in diagnose(load(pseudonym_key=key)) if f.name == "Pseudonym key")
    assert (found.is_ok, found.is_warning, found.mend) == (is_ok, True, HOW_TO_MAKE_A_KEY)
    assert said in found.detail
    assert "openssl rand" in found.mend


def test_a_blank_key_is_none(monkeypatch, tmp_path):
    monkeypatch.setenv("GERLAND_SETTINGS", str(tmp_path / "none.toml"))
    monkeypatch.setenv("GERLAND_PSEUDONYM_KEY", " ")
    assert load().pseudonym_key is None


def test_the_published_key_set_by_hand_is_no_key_of_ones_own():
    assert Pseudonymiser(DEMONSTRATION_KEY, 7).is_demonstration


def test_former_keys_must_come_before_the_key(monkeypatch, tmp_path):
    monkeypatch.setenv("GERLAND_SETTINGS", str(tmp_path / "none.toml"))
    monkeypatch.setenv("GERLAND_PSEUDONYM_KEY", "a key of a test")
    monkeypatch.setenv("GERLAND_FORMER_PSEUDONYM_KEYS__2", "very-secret")
    with pytest.raises(SettingsError, match="lower versions") as refused:
        load()
    assert "very-secret" not in str(refused.value)
