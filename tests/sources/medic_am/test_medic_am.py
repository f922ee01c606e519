"""Medic'AM and Rétrocéd'AM: workbooks and CSV alike, a column a month, units of hospital pharmacies."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest

from pipelines.defs.sources.medic_am import conform, read
from pipelines.defs.sources.medic_am.tables import MedicAmMonth
from pipelines.defs.sources.retroced_am import conform as retroced
from pipelines.defs.sources.retroced_am import read as retroced_read
from pipelines.defs.sources.retroced_am.tables import RetrocedAmYear
from pipelines.files.text import Refused
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
HEAD = ["CIP13", "NOM COURT", "PRODUIT", "Code ATC", "Nombre de boîtes remboursées janvier 2023"]
HEAD += ["Nombre de boites remboursées 2023-02", "Montant remboursé Février 2023"]
ROW = ["3400935955838", "x", "DOLIPRANE", "N02BE01", "1 204", "7", "1 466,29"]


def workbook(*rows):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def test_months_are_read_from_digits_and_from_french_words():
    found = [read.month(h) for h in (HEAD[4], HEAD[5], HEAD[6], "Nombre de boîtes AOÛT 2022", "Total")]
    assert found == ["2023-01", "2023-02", "2023-02", "2022-08", None]


@pytest.mark.spark
def test_a_workbook_and_a_csv_say_the_same(spark):
    csv = (";".join(HEAD) + "\n" + ";".join(ROW) + "\n").encode("latin-1")
    for name, data in (("MEDIC_AM_2023_S1.csv", csv), ("MEDIC_AM_2023_S1.xlsx", workbook(HEAD, ROW))):
        assert is_balanced(read, MedicAmMonth, data, name)
        frame = bronze_frame(spark, MedicAmMonth, read.read, {f"medic_am/{name}": (data, D(2023, 10, 31))})
        rows = {r["period_start"]: r for r in conform.sale({MedicAmMonth.address(): frame}).collect()}
        assert {day: r["n_packs"] for day, r in rows.items()} == {D(2023, 1, 1): 1204, D(2023, 2, 1): 7}
        assert (rows[D(2023, 2, 1)]["period_end"], rows[D(2023, 2, 1)]["amount_eur"]) == (D(2023, 2, 28), 1466.29)


def test_a_file_without_packs_is_refused():
    with pytest.raises(Refused, match="'CIP13' is missing"):
        rows_of(read, MedicAmMonth, b"PRODUIT;x\na;b\n", "medic_am.csv")
    with pytest.raises(Refused, match="can't be opened"):
        rows_of(read, MedicAmMonth, b"<html>", "medic_am.xlsx")


@pytest.mark.spark
def test_units_of_hospital_pharmacies_keep_their_own_code(spark):
    data = "Code UCD;Libellé UCD;Code ATC;Nombre d'UCD;Montant remboursé\n9348420;X;L01;1 020;9,5\n".encode("latin-1")
    files = {"retroced_am/RETROCED_AM_2022.csv": (data, D(2023, 6, 30))}
    frame = bronze_frame(spark, RetrocedAmYear, retroced_read.read, files)
    (row,) = retroced.sale({RetrocedAmYear.address(): frame}).collect()
    assert (row["pack_key"], row["channel"], row["n_packs"]) == ("UCD7:9348420", "hospital", 1020)
    assert is_balanced(retroced_read, RetrocedAmYear, data, "retroced_2022.csv")
