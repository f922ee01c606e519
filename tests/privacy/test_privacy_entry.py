"""Privacy 2 and 3: what is replaced on entry is declared apart from its label; an empty identifier is none."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from pipelines.core.catalog import sources
from pipelines.core.ledger import Quarantine
from pipelines.core.table import SENSITIVITIES, Column
from pipelines.files.reading import batch
from pipelines.intake.balance import balance
from pipelines.privacy.pseudonyms import ERASED, WITHHELD, Pseudonymiser, pseudonymised, stated, trace
from tests.intake.landed import deliver, run
from tests.intake.test_ingest import lake as lake
from tests.intake.toy.tables import ToyPerson

REPLACED = {
    "access_register_form": {"patient_number"},
    "access_register_patient": {"patient_number", "prescriber"},
    "bnpv_case": {"date_naiss"},
    "calypsovet_supply": {"numero_ordre_veterinaire", "identifiant_elevage"},
    "case_listing_row": {"case_id"},
    "gmo_register_sample": {"patient_number"},
    "nutrivigilance_row": {"person"},
    "omop_drug_exposure": {"person_id"},
    "omop_person": {"person_id"},
    "snds_er_prs_f": {"ben_nir_psa", "pfs_exe_num"},
    "snds_ir_ben_r": {"ben_nir_psa", "ben_idt_ano"},
    "snds_ir_imb_r": {"ben_nir_psa"},
    "sue_row": {"person"},
    "tattoo_row": {"person"},
}
NOBODY = ["", " ", "\xa0", "\ufeff", "-", "--", ".", "?", "NA", "n/a", "NULL", "None", "nan", "#N/A", r"\N", "Unknown"]
NOBODY += [" inconnu ", "//", "Non renseigné"]
KEY = Pseudonymiser("k")


def test_what_is_replaced_on_entry_is_this_and_nothing_less():
    tables = [t for source in sources().values() for t in source.tables]
    assert {t.name: set(t.pseudonymised()) for t in tables if t.pseudonymised()} == REPLACED


@pytest.mark.parametrize("label", SENSITIVITIES)
def test_another_label_of_a_column_changes_nothing_of_what_is_replaced(label, monkeypatch):
    monkeypatch.setitem(ToyPerson.columns, "person", replace(ToyPerson.columns["person"], sensitivity=label))
    kept = pseudonymised(batch(ToyPerson, [1], [["SECRET", "fine"]]), ToyPerson, KEY)
    assert kept.to_pylist()[0] | {"reason": None, "raw": None} == {
        "line_number": 1,
        "person": KEY("SECRET"),
        "note": "fine",
        "reason": None,
        "raw": None,
    }


def test_an_identifying_column_that_is_not_declared_so_stays_as_it_is(monkeypatch):
    monkeypatch.setitem(ToyPerson.columns, "note", Column("string", "A narrative", sensitivity="identifying"))
    kept = pseudonymised(batch(ToyPerson, [1], [["SECRET", "fine"]]), ToyPerson, KEY)
    assert kept["note"].to_pylist() == ["fine"]


def test_only_texts_are_replaced():
    with pytest.raises(ValueError, match="pseudonyms"):
        Column("int", "A number", pseudonymised=True)


@pytest.mark.parametrize("text", NOBODY)
def test_what_says_that_there_is_no_identifier_gives_no_pseudonym(text):
    assert stated(text) is None
    assert KEY(text) is None


def test_a_column_may_declare_more_texts_that_say_so():
    assert KEY("00000000", ("0", "00000000")) is None
    assert KEY("00000000") == KEY(" 00000000\xa0")


def test_a_row_without_a_required_identifier_is_refused_and_others_keep_a_null(monkeypatch):
    rows = batch(ToyPerson, [1, 2, 3], [["A1", "x"], [" - ", "y"], [None, "z"]])
    got = pseudonymised(rows, ToyPerson, KEY).to_pylist()
    assert [r["person"] for r in got] == [KEY("A1"), None, None]
    assert [r["reason"] for r in got] == [
        None,
        "no person: a row that is nobody's",
        "no person: a row that is nobody's",
    ]
    assert [(r["note"], r["raw"]) for r in got[1:]] == [(None, WITHHELD)] * 2
    monkeypatch.setitem(ToyPerson.columns, "person", replace(ToyPerson.columns["person"], required=False))
    got = pseudonymised(rows, ToyPerson, KEY).to_pylist()
    assert [(r["person"], r["note"], r["reason"]) for r in got[1:]] == [(None, "y", None), (None, "z", None)]


def test_a_person_who_was_erased_does_not_come_in_again():
    rows = batch(ToyPerson, [1, 2], [["A1", "x"], ["A2", "y"]])
    key = replace(KEY, erased=frozenset([trace(KEY("A1") or "")]))
    got = pseudonymised(rows, ToyPerson, key).to_pylist()
    assert [(r["person"], r["note"], r["reason"]) for r in got] == [(None, None, ERASED), (KEY("A2"), "y", None)]


def test_no_row_of_a_batch_without_persons_is_touched():
    assert (
        pseudonymised(
            pa.table(batch(ToyPerson, [], []).to_pydict(), batch(ToyPerson, [], []).schema), ToyPerson, KEY
        ).num_rows
        == 0
    )


@pytest.mark.spark
def test_rows_that_are_nobodys_are_put_aside_and_the_balance_holds(lake, tmp_path):
    lines = [f"{text}|said" for text in ("A1", "-", "NA", " ", "A1")]
    deliver(tmp_path / "in", one__person="\n".join(lines).encode())
    run(lake, tmp_path / "in")
    assert [r["person"] for r in lake[ToyPerson.address()].collect()] == [KEY("A1")] * 2
    aside = lake[Quarantine.address()].orderBy("line_number").collect()
    assert [(r["line_number"], r["reason"], r["raw"]) for r in aside] == [
        (n, "no person: a row that is nobody's", WITHHELD) for n in (2, 3, 4)
    ]
    assert balance(lake, ToyPerson).is_balanced
