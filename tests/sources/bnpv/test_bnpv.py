"""BNPV: four sheets, partial dates, three levels of names, impossible ages."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.bnpv import conform, read
from pipelines.defs.sources.bnpv.tables import BnpvCase, BnpvEffect, BnpvProduct, BnpvReporter
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
SHEETS = {
    BnpvCase: "AER_ID;CAS;VER;NOTIF;SEXE;AGE;U_AGE;DATE_NAISS;GRAVE;DECES;PAYS_SURVENUE\n"
    "A1;1;1;05/03/2024;F;8,5;MOIS;01/07/2023;Oui;Non;FRANCE\n"
    "A1;1;2;01/04/2024;F;702;ANS;;Oui;Oui;FRANCE\n"
    "A2;1;1;;;;;;;;\n",
    BnpvEffect: "AER_ID;CAS;VER;PT;DATE_DEB\nA1;1;1;Éruption;//2024\nA1;1;2;Éruption;/02/2024\nA1;1;2;Décès;12/02/2024\n",
    BnpvProduct: "AER_ID;CAS;VER;MEDICAMENT;TYPE\nA1;1;1;DOLIPRANE;Produit\nA1;1;1;Paracétamol;Substance\n"
    "A1;1;1;DOLIPRANE;Produit\n",
    BnpvReporter: "AER_ID;CAS;VER;TYPE_NOTIFICATEUR\nA1;1;1;Médecin\n",
}


@pytest.fixture
def tables(spark):
    return {
        table.address(): bronze_frame(
            spark, table, read.read, {f"bnpv/{table.name}.csv": (data.encode(), D(2024, 6, 30))}
        )
        for table, data in SHEETS.items()
    }


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("bnpv/2024/Cas-Patients.csv", BnpvCase),
        ("bnpv/Effets_2024.csv", BnpvEffect),
        ("bnpv/Médicaments.csv", BnpvProduct),
        ("bnpv/Me\u0301dicaments.csv", BnpvProduct),
        ("bnpv/Notificateurs.csv.gz", BnpvReporter),
    ],
)
def test_each_sheet_is_known_by_its_name(path, table):
    assert [t for t in SHEETS if t.files.owns(path)] == [table]


@pytest.mark.parametrize("table", SHEETS)
@given(body=st.lists(st.lists(st.text('ab;"é\n', max_size=4), min_size=1, max_size=6), max_size=6))
def test_every_row_is_kept_or_rejected(table, body):
    head = SHEETS[table].split("\n", 1)[0]
    assert is_balanced(read, table, (head + "\n" + "".join(";".join(row) + "\n" for row in body)).encode())


def test_windows_1252_is_read_like_utf_8():
    data = SHEETS[BnpvEffect].encode("cp1252")
    assert rows_of(read, BnpvEffect, data)[0]["pt"] == "Éruption"


@pytest.mark.spark
def test_versions_ages_and_partial_dates(tables):
    rows = {(r["source_case_id"], r["report_version"]): r for r in conform.report_history(tables).collect()}
    first, second, bare = rows["A1/1", 1], rows["A1/1", 2], rows["A2/1", 1]
    assert first["age_years"] == pytest.approx(8.5 / 12)
    assert second["age_years"] == pytest.approx(702.0), "the limit is where the sources unite"
    assert (first["onset_date"], first["onset_precision"]) == (D(2024, 1, 1), "year")
    assert (second["onset_date"], second["onset_precision"]) == (D(2024, 2, 1), "month")
    assert (first["known_from"], first["known_to"]) == (D(2024, 3, 5), D(2024, 4, 1))
    assert (first["reporter"], second["reporter"], first["country"]) == ("physician", None, "FR")
    assert (first["is_death"], second["is_death"], bare["is_death"]) == (False, True, None)
    assert bare["known_from"] == D(2024, 6, 30)


@pytest.mark.spark
def test_a_name_is_a_product_or_a_substance_by_its_level_and_stands_once(tables):
    rows = conform.product_as_reported(tables).orderBy("product_seq").collect()
    assert [(r["reported_name"], r["reported_substance"]) for r in rows] == [("DOLIPRANE", None), (None, "Paracétamol")]
    events = conform.report_event(tables).filter("report_version = 2").collect()
    assert {e["term_key"] for e in events} == {"preferred_term:ÉRUPTION", "preferred_term:DÉCÈS"}
