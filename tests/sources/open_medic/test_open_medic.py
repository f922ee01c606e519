"""Open Medic: columns drift, decimal commas, unknown places, patients that are never summed."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.sale.tables import PatientCount
from pipelines.defs.sources.open_medic import conform, read
from pipelines.defs.sources.open_medic.tables import OpenMedicPatient, OpenMedicSale
from pipelines.files.text import Refused
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
LATE = (
    "ATC1;L_ATC1;ATC2;L_ATC2;ATC3;L_ATC3;ATC4;L_ATC4;ATC5;L_ATC5;CIP13;l_cip13;TOP_GEN;GEN_NUM;AGE;sexe;BEN_REG;PSP_SPE;"
    "BOITES;REM;BSE\r\n"
    "N;SYSTÈME NERVEUX;N02;ANALGÉSIQUES;N02B;x;N02BE;y;N02BE01;PARACÉTAMOL;3400935955838;DOLIPRANE 1G CPR 8;0;0;20;2;84;1;"
    "12;1466,29;1500,5\r\n"
    "N;SYSTÈME NERVEUX;N02;ANALGÉSIQUES;N02B;x;N02BE;y;N02BE01;PARACÉTAMOL;3400935955838;DOLIPRANE 1G CPR 8;0;0;99;9;0;99;"
    "0;0,1;0,1\r\n"
)
EARLY = "ATC1;ATC2;ATC3;ATC4;ATC5;CIP13;TOP_GEN;GEN_NUM;age;sexe;BEN_REG;PSP_SPE;BOITES;REM;BSE\nN;N02;N02B;N02BE;N02BE01;1;0;0;0;1;5;1;3;9,5;10\n"


def test_columns_of_every_year_are_read_and_latin_1_letters_survive():
    rows = rows_of(read, OpenMedicSale, LATE.encode("latin-1"), "OPEN_MEDIC_2019.CSV")
    assert [(r["age"], r["ben_reg"], r["l_atc1"]) for r in rows] == [
        ("20", "84", "SYSTÈME NERVEUX"),
        ("99", "0", "SYSTÈME NERVEUX"),
    ]
    (row,) = rows_of(read, OpenMedicSale, EARLY.encode(), "OPEN_MEDIC_2015.CSV")
    assert (row["age"], row["l_atc1"], row["boites"]) == ("0", None, "3")
    assert is_balanced(read, OpenMedicSale, LATE.encode("latin-1"))


def test_a_page_instead_of_a_file_is_refused():
    page = b"<!DOCTYPE html>\n<html><body>quota</body></html>\n"
    with pytest.raises(Refused, match="unknown column"):
        rows_of(read, OpenMedicSale, page, "OPEN_MEDIC_2019.CSV")


@pytest.mark.spark
def test_boxes_amounts_and_who_got_them(spark):
    files = {"open_medic/OPEN_MEDIC_2019.CSV": (LATE.encode("latin-1"), D(2020, 6, 30))}
    files["open_medic/OPEN_MEDIC_2015.CSV"] = (EARLY.encode(), D(2016, 6, 30))
    frame = bronze_frame(spark, OpenMedicSale, read.read, files)
    rows = {
        (r["period_start"].year, r["age_group"]): r.asDict()
        for r in conform.sale({OpenMedicSale.address(): frame}).collect()
    }
    late = rows[2019, "20-59"]
    assert (late["pack_key"], late["n_packs"], late["amount_eur"]) == ("CIP13:3400935955838", 12, 1466.29)
    assert (late["sex"], late["region"], late["prescriber"]) == ("female", "84", "1")
    unknown = rows[2019, "unknown"]
    assert (unknown["sex"], unknown["region"], unknown["n_packs"]) == ("unknown", "unknown", 0)
    assert (rows[2015, "0-19"]["region"], rows[2015, "0-19"]["product_label"]) == ("05", None)


@pytest.mark.spark
def test_a_later_file_of_a_year_replaces_it_whole(spark):
    again = EARLY.replace(";3;9,5", ";4;9,5").encode()
    files = {"open_medic/a/OPEN_MEDIC_2015.CSV": (EARLY.encode(), D(2016, 6, 30))}
    files["open_medic/b/OPEN_MEDIC_2015.CSV"] = (again, D(2017, 6, 30))
    frame = bronze_frame(spark, OpenMedicSale, read.read, files)
    rows = conform.sale({OpenMedicSale.address(): frame}).collect()
    assert sorted((r["n_packs"], r["valid_to"], r["is_current"]) for r in rows) == [
        (3, D(2017, 6, 30), False),
        (4, None, True),
    ]


@pytest.mark.spark
def test_patients_of_each_level_and_cut_stand_alone(spark):
    packs = b"CIP13;l_cip13;nbc;REM;BSE;BOITES\n1;A;60;1;1;90\n2;B;50;1;1;70\n"
    classes = b"ATC5;l_atc5;nbc;REM;BSE;BOITES\nN02BE01;P;80;1;1;160\n"
    cut = b"ATC5;l_atc5;age;sexe;nbc;REM;BSE;BOITES\nN02BE01;P;60;1;30;1;1;70\n"
    names = {"cip13": packs, "atc5": classes, "atc5_age_sexe": cut}
    files = {f"open_medic/NB_2019_{name}.CSV": (data, D(2020, 6, 30)) for name, data in names.items()}
    frame = bronze_frame(spark, OpenMedicPatient, read.read, files)
    rows = conform.patient_count({OpenMedicPatient.address(): frame}).collect()
    found = {(r["level"], r["code"], r["age_group"], r["sex"]): r["n_patients"] for r in rows}
    assert found == {
        ("cip13", "1", "all", "all"): 60,
        ("cip13", "2", "all", "all"): 50,
        ("atc5", "N02BE01", "all", "all"): 80,  # fewer than 110: the same patients stand in both packs
        ("atc5", "N02BE01", "60+", "male"): 30,
    }
    assert "Never sum" in PatientCount.description()
