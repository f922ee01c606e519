"""Signals at the PRAC: both lists, names as printed, and acts that a later list adds to and never moves."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from pipelines.defs.sources.prac_signals import read
from pipelines.defs.sources.prac_signals import tables as t
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
HEADER = "substance,signal,epitt,section,meeting,reference,published\n"
DISCUSSED = {
    "inn": "HMG-CoA reductase inhibitors (statins): atorvastatin; fluvastatin",
    "senal": "Myasthenia gravis",
    "reunion_texto": "4-7 July 2022 PRAC meeting minutes",
    "reunion": "4-7 July 2022",
    "reunion_inicio": "2022-07-04",
    "accion_titular": "No",
    "accion_raw": "No",
    "nota_texto": None,
    "dedupe_key": "x",
    "fuente_archivo": "list.xlsx",
    "fuente_url": "https://x",
    "fuente_actualizado": "2022-08-01",
}


def test_both_forms_of_the_recommendations_say_the_same():
    spanish = {
        "molecula": "Acitretin",
        "senal": "Erectile dysfunction",
        "epitt_no": "20310",
        "seccion": "tabla",
        "fecha_reunion": "6-9 July 2026",
        "referencia": "EMA/PRAC/1/2026",
        "fecha_publicacion": "2026-08-03",
        "url_pdf": None,
        "dedupe_key": "x",
    }
    data = json.dumps([spanish, spanish | {"molecula": ""}, spanish | {"more": 1}]).encode()
    first, blank, more = rows_of(read, t.PracRecommendation, data, "senales.json")
    line = HEADER + "Acitretin,Erectile dysfunction,20310,tabla,6-9 July 2026,EMA/PRAC/1/2026,2026-08-03\n"
    (of_csv,) = rows_of(read, t.PracRecommendation, line.encode(), "signals.csv")
    assert {c: first[c] for c in read.CSV} == {c: of_csv[c] for c in read.CSV}
    assert (blank["reason"], more["reason"]) == ("names no substance, or no signal", "unknown key 'more'")
    assert is_balanced(read, t.PracRecommendation, data, "senales.json")


def test_each_list_knows_its_files():
    paths = ["prac_signals_2026_sample.csv", "ema_prac_senales.json", "ema_prac_halmed_senales.json"]
    assert [t.PracRecommendation.files.owns(f"prac_signals/{p}") for p in paths] == [True, True, False]
    assert [t.PracDiscussion.files.owns(f"prac_signals/{p}") for p in paths] == [False, False, True]


@pytest.mark.samples
def test_every_row_of_the_real_sample_is_kept(shared):
    data = (shared / "data/prac_signals/prac_signals_2026_sample.csv").read_bytes()
    rows = rows_of(read, t.PracRecommendation, data)
    assert (len(rows), sum(r["reason"] is None for r in rows)) == (29, 29)


def acts(spark, recommended: dict, discussed: dict):
    kinds = ((t.PracRecommendation, recommended), (t.PracDiscussion, discussed))
    frames = {
        table.address(): bronze_frame(spark, table, read.read, files)
        if files
        else spark.createDataFrame([], table.spark_schema())
        for table, files in kinds
    }
    return united(frames, "silver.regulatory_event", "prac_signals").collect()


@pytest.mark.spark
def test_names_are_freed_of_footnotes_and_classes_and_meetings_are_days(spark):
    text = HEADER + (
        "Progestogens4,Meningioma,20300,table,31 August-3 September 2026,R1,2026-09-28\n"
        "Valproate and related substances4,Harm,,product_information,8-11 June 2026,R2,2026-07-06\n"
        "X-ray contrast agents: iobitridol; iodixanol2,Rash,,other,soon,R3,2026-07-06\n"
    )
    found = {r["reference"]: r for r in acts(spark, {"a.csv": (text.encode(), D(2026, 11, 1))}, {})}
    first, second, third = found["20300"], found["R2"], found["R3"]
    assert (first["substances"], first["act_date"], first["dated_by"]) == (["Progestogens"], D(2026, 9, 3), "act")
    assert (first["act_kind"], first["is_action"], first["section"]) == (
        "signal_discussed",
        None,
        "further_information",
    )
    assert (second["substances"], second["class_name"]) == (["Valproate"], "Valproate and related substances")
    assert (second["act_kind"], second["is_action"]) == ("signal_recommendation", True)
    assert (third["substances"], third["class_name"]) == (["iobitridol", "iodixanol"], "X-ray contrast agents")
    assert (third["act_date"], third["dated_by"]) == (D(2026, 7, 6), "publication")
    assert first["known_from"] == D(2026, 9, 28), "the meeting's result was public weeks after it"


@pytest.mark.spark
def test_a_later_list_adds_acts_ends_none_and_says_what_came_of_them(spark):
    acted = DISCUSSED | {"reunion": "9-13 January 2023", "reunion_inicio": "2023-01-09", "accion_raw": "Yes"}
    lists = {
        "halmed_1.json": (json.dumps([DISCUSSED]).encode(), D(2022, 9, 1)),
        "halmed_2.json": (json.dumps([acted | {"fuente_actualizado": "2023-02-20"}]).encode(), D(2023, 3, 1)),
    }
    found = sorted(acts(spark, {}, lists), key=lambda r: r["act_date"])
    assert [r["act_kind"] for r in found] == ["signal_discussed", "signal_recommendation"]
    assert [r["is_action"] for r in found] == [False, True]
    assert all(r["is_current"] for r in found), "what a list leaves out is no withdrawal"
    assert [r["known_from"] for r in found] == [D(2022, 8, 1), D(2023, 2, 20)]
    assert found[0]["substances"] == ["atorvastatin", "fluvastatin"]
