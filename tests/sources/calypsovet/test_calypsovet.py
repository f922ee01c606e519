"""CalypsoVet: lines that come again, human medicines, doses as written; nothing identifying stays."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.calypsovet import conform, read
from pipelines.defs.sources.calypsovet.tables import CalypsovetFeed, CalypsovetSupply
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date
HEAD = (
    "numero_ordonnance;numero_ordre_veterinaire;date_cession;identifiant_elevage;categorie_animale;"
    "sous_categorie_animale;GTIN/presentation;quantite;nombre_animaux_traites;posologie;duree_traitement\n"
)
FIRST = (
    HEAD
    + "O1;V1;05/04/2024;F1;Porcins;Truies;03597130000149;2;40;10,5 mg/kg/j;5\nO2;V1;31/02/2024;F1;Porcins;x;1;2;4;;\n"
)
AGAIN = (
    HEAD
    + "O1;V1;05/04/2024;F1;Porcins;Truies;03597130000149;2;41;10,5 mg/kg/j;5\nO3;V2;06/04/2024;F2;Chiens;x;3400935955838;1;1;selon avis;3\n"
)
FEED = (
    "etablissement;premelange;quantite_premelange;taux_incorporation;tonnage_aliment;espece;trimestre\n"
    "FAB;03597130000149;25,5;2;10;Porcins;2024-T2\nFAB;PREMIX X;1;2;10;Volailles;2024-T7\n"
)


@pytest.mark.spark
def test_a_line_declared_otherwise_is_a_version_and_a_human_medicine_is_told(spark):
    files = {"calypsovet/a/ordonnances.csv": (FIRST.encode(), D(2024, 5, 31))}
    files["calypsovet/b/ordonnances.csv"] = (AGAIN.encode(), D(2024, 6, 30))
    frame = bronze_frame(spark, CalypsovetSupply, read.read, files)
    every = conform.animal_supply({CalypsovetSupply.address(): frame}).collect()
    rows = {r["pack_key"]: r for r in every if r["is_current"]}
    (before,) = [r for r in every if not r["is_current"]]
    assert (before["n_animals"], before["flow_date"], before["flow_to"]) == (40, D(2024, 5, 31), D(2024, 6, 30))
    pig, dog = rows["GTIN:03597130000149"], rows["CIP13:3400935955838"]
    assert (len(rows), pig["n_animals"], pig["flow_date"], pig["species"]) == (2, 41, D(2024, 6, 30), "pigs")
    assert (pig["dose_mg_per_kg"], pig["duration_days"], pig["is_human_medicine"]) == (10.5, 5, False)
    assert (dog["dose_mg_per_kg"], dog["dose_text"], dog["is_human_medicine"]) == (None, "selon avis", True)
    assert is_balanced(read, CalypsovetSupply, FIRST.encode())


@pytest.mark.spark
def test_feed_is_sold_by_quarter(spark):
    frame = bronze_frame(spark, CalypsovetFeed, read.read, {"calypsovet/aliments.csv": (FEED.encode(), D(2024, 9, 30))})
    (row,) = conform.sale({CalypsovetFeed.address(): frame}).collect()
    assert (row["period_start"], row["period_end"], row["n_packs"]) == (D(2024, 4, 1), D(2024, 6, 30), 25.5)
    assert (row["species"], row["channel"], row["pack_key"]) == ("pigs", "feed", "GTIN:03597130000149")


@pytest.mark.spark
def test_kilograms_of_premix_are_read_whatever_marks_they_are_written_with(spark):
    written = {
        "0,125": 0.125,
        "12,375": 12.375,
        "1\u202f250,5": 1250.5,
        "25,5": 25.5,
        "0,0625": 0.0625,
        "1.250,50": 1250.5,
    }
    lines = [f"FAB;035971300001{i:02};{text};2;10;Porcins;2024-T2\n" for i, text in enumerate(written)]
    data = (FEED.splitlines(keepends=True)[0] + "".join(lines)).encode()
    frame = bronze_frame(spark, CalypsovetFeed, read.read, {"calypsovet/aliments.csv": (data, D(2024, 9, 30))})
    rows = sorted(conform.sale({CalypsovetFeed.address(): frame}).collect(), key=lambda r: r["pack_key"])
    assert [r["n_packs"] for r in rows] == list(written.values())


def test_farms_and_veterinarians_are_pseudonymised_on_entry():
    identifying = {n for n, c in CalypsovetSupply.columns.items() if c.sensitivity == "identifying"}
    assert identifying == {"numero_ordre_veterinaire", "identifiant_elevage"}
