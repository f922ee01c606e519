"""Privacy 8: one person is erased across layers and versions, with a proof, and does not come in again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.core.ledger import Delivery, Erasure, Quarantine
from pipelines.intake.balance import balance
from pipelines.intake.ingest import ingest
from pipelines.lake.lake import Lake
from pipelines.lake.verify import verify
from pipelines.privacy.pseudonyms import ERASED, Pseudonymiser
from pipelines.upkeep.backup import backup, edited, restore
from pipelines.upkeep.erase import EraseError, erase, erasing_again, erasures
from tests.intake.landed import TOY, deliver, run
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyPerson

KEY = Pseudonymiser("k")
GONE, STAYS = KEY("A1") or "", KEY("A2") or ""


def files_with(folder: Path, text: str) -> list[str]:
    """Files whose bytes, or whose values once unpacked, hold a text; read in another way than the command does."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            unpacked = str(pq.read_table(path, partitioning=None).to_pylist()) if path.suffix == ".parquet" else ""
            if text.encode() in path.read_bytes() or text in unpacked:
                found.append(str(path.relative_to(folder)))
    return found


@pytest.fixture
def held(lake, tmp_path, spark, monkeypatch):
    """Two deliveries, a derived table and a report that all name the person, and an old version of each."""
    monkeypatch.setattr("pipelines.upkeep.erase.tables", lambda: lake.tables)
    landing = tmp_path / "in"
    deliver(landing, one__person=b"A1|x\nA2|y\nA1|z\nA1|x|broken\n", two__person=b"A1|alone\n")
    run(lake, landing)
    derived = tmp_path / "lake" / "silver" / "derived"
    lake[ToyPerson.address()].write.format("delta").save(str(derived))
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "x.html").write_text(f"<td>{GONE}</td>")
    (tmp_path / "reports" / "y.html").write_text(f"<td>{STAYS}</td>")
    return lake


@pytest.mark.spark
def test_a_person_is_erased_from_every_layer_and_version_and_stays_out(held, tmp_path):
    root, said = tmp_path / "lake", []
    assert len(files_with(root, GONE)) >= 3
    erase(held, GONE, "asked in writing", [str(tmp_path / "reports")], said.append)
    assert files_with(root, GONE) == files_with(tmp_path / "reports", GONE) == []
    assert not (root / "silver" / "derived").exists()
    assert not (tmp_path / "reports" / "x.html").exists()
    assert (tmp_path / "reports" / "y.html").exists()
    assert [s for s in said if s.startswith("searched") and s.endswith("stands in none")]
    assert not [s for s in said if GONE in s]

    assert [(r["person"], r["note"], r["line_number"]) for r in held[ToyPerson.address()].collect()] == [
        (STAYS, "y", 2)
    ]
    counted = balance(held, ToyPerson)
    assert (counted.n_read, counted.n_kept, counted.n_quarantined, counted.is_balanced) == (5, 1, 4, True)
    aside = held[Quarantine.address()].filter(f"reason = '{ERASED}'").collect()
    assert sorted((r["file"], r["line_number"], r["raw"]) for r in aside) == [
        ("toy/one.person", 1, None),
        ("toy/one.person", 3, None),
        ("toy/two.person", 1, None),
    ]
    ledger = {(r["file"], r["n_rows_kept"], r["n_rows_quarantined"]) for r in held[Delivery.address()].collect()}
    assert ledger == {("toy/one.person", 1, 3), ("toy/two.person", 0, 1)}
    listed = held[Erasure.address()].collect()
    assert [(r["reason"], r["n_rows"]) for r in listed] == [("asked in writing", 3)]
    for table in (ToyPerson, Quarantine, Delivery, Erasure):
        assert not verify(held.path(table.address()), table.address()).problems

    erase(held, GONE, "asked in writing", [], said.append)
    assert balance(held, ToyPerson).is_balanced, "a second call changes nothing"
    assert held[Quarantine.address()].filter(f"reason = '{ERASED}'").count() == 3
    assert held[Erasure.address()].collect()[0]["n_rows"] == 3

    deliver(tmp_path / "in", three__person=b"A1|again\nA3|new\n")
    run(held, tmp_path / "in")
    assert {r["note"] for r in held[ToyPerson.address()].collect()} == {"y", "new"}
    assert balance(held, ToyPerson).is_balanced
    assert files_with(root, GONE) == []


@pytest.mark.parametrize("text", ["A1", "p1_", "p1_xyz", "", "p1_" + "0" * 31, "x' OR 1=1"])
def test_what_is_no_pseudonym_is_refused_and_not_quoted(text):
    with pytest.raises(EraseError, match="no pseudonym") as refused:
        erase(None, text, "asked", [], print)
    assert not text or text not in str(refused.value).replace("p, the", "")


def test_an_erasure_needs_a_reason():
    with pytest.raises(EraseError, match="reason"):
        erase(None, GONE, " ", [], print)


@pytest.mark.spark
def test_backups_are_erased_too_and_one_that_was_not_is_when_it_is_put_back(held, tmp_path):
    root, early, late = tmp_path / "lake", tmp_path / "early", tmp_path / "late"
    shutil.rmtree(root / "silver")  # what no table class declares is in no backup
    for folder in (early, late):
        backup(str(root), folder, lambda _: None)
    erase(held, GONE, "asked", [], lambda _: None)
    with edited(late) as copy:
        erase(Lake(held.spark, copy, held.tables), GONE, "asked", [], lambda _: None)
    assert files_with(late, GONE) == []
    assert files_with(early, GONE), "a backup that nobody named"
    restore(late, str(tmp_path / "put_back"), False, lambda _: None)
    assert files_with(tmp_path / "put_back", GONE) == []

    restore(early, str(root), True, lambda _: None, erasing_again([str(root)], KEY, lambda _: None))
    assert files_with(root, GONE) == []
    assert balance(held, ToyPerson).is_balanced
    assert [r["person"] for r in held[ToyPerson.address()].collect()] == [STAYS]
    assert len(erasures(held)) == 1


@pytest.mark.spark
def test_who_was_erased_never_stands_in_a_lake_that_is_put_back_wherever_that_is_cut_off(held, tmp_path, monkeypatch):
    root, early = tmp_path / "lake", tmp_path / "early"
    shutil.rmtree(root / "silver")
    backup(str(root), early, lambda _: None)
    erase(held, GONE, "asked", [], lambda _: None)
    rename, moved = Path.rename, []

    def cut_off(place, target):
        moved.append(place)
        if len(moved) == 2:
            raise KeyboardInterrupt
        return rename(place, target)

    def put_back():
        restore(early, str(root), True, lambda _: None, erasing_again([str(root)], KEY, lambda _: None))

    for _ in range(2):  # killed between taking the old lake away and putting the new one there, twice
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            moved.clear()
            patch.setattr(Path, "rename", cut_off)
            put_back()
        assert files_with(root, GONE) == []
    put_back()
    assert files_with(root, GONE) == []
    assert len(erasures(held)) == 1
    assert balance(held, ToyPerson).is_balanced


@pytest.mark.spark
def test_a_list_of_erasures_is_taken_from_a_newer_backup_and_finds_pseudonyms_of_a_former_key(held, tmp_path):
    """The lake is lost; the early backup holds the person under the former key, the newer one the erasure."""
    root, early, late = tmp_path / "lake", tmp_path / "early", tmp_path / "late"
    shutil.rmtree(root / "silver")
    backup(str(root), early, lambda _: None)
    second = Pseudonymiser("k2", 2, ((1, "k"),))
    ingest(held, TOY, [], str(tmp_path / "in"), second, lambda _: None)
    assert files_with(root, GONE) == []
    erase(held, second("A1") or "", "asked", [], lambda _: None)
    backup(str(root), late, lambda _: None)
    shutil.rmtree(root)
    said: list[str] = []
    restore(early, str(root), False, said.append, erasing_again([str(root)], second, said.append))
    assert any("--erasures" in line for line in said), "nobody knows of it, and that is said"
    assert files_with(root, GONE)
    restore(early, str(root), True, lambda _: None, erasing_again([str(root), str(late)], second, lambda _: None))
    assert files_with(root, GONE) == []
    assert balance(held, ToyPerson).is_balanced
