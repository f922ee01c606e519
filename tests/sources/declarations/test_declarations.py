"""The declaration forms: tattoos, cosmetics, food supplements."""

from __future__ import annotations

import datetime as dt
import io
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.nutrivigilance.tables import NutrivigilanceDeclaration
from pipelines.defs.sources.sue.tables import SueReport
from pipelines.defs.sources.tattoo.tables import TattooDeclaration
from pipelines.formats.declarations import count, read
from pipelines.privacy.pseudonyms import Pseudonymiser, pseudonymised
from tests.sources.bronze import bronze_frame

FORMS = {"tattoo": TattooDeclaration, "sue": SueReport, "nutrivigilance": NutrivigilanceDeclaration}
D = dt.date


def export(table, *rows: dict[str, str]) -> bytes:
    columns = table.source_columns()
    lines = [";".join(columns), *(";".join(f'"{row.get(c, "")}"' for c in columns) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def lake(spark, source: str, *rows: dict[str, str]) -> dict:
    table = FORMS[source]
    files = {f"{source}/export_2024-06-30.csv": (export(table, *rows), D(2024, 6, 30))}
    return {table.address(): bronze_frame(spark, table, read, files)}


def conform(source: str):
    return import_module(f"pipelines.defs.sources.{source}.conform")


@pytest.mark.parametrize("table", FORMS.values())
@given(body=st.lists(st.lists(st.text('ab;,"é \n', max_size=4), min_size=1, max_size=30), max_size=6))
def test_every_row_is_kept_or_rejected(table, body):
    data = ";".join(table.source_columns()) + "\n" + "".join(";".join(row) + "\n" for row in body)
    rows = sum(t.num_rows for t in read(io.BytesIO(data.encode()), "x", table))
    assert rows == count(io.BytesIO(data.encode()), "x", table)


def test_the_person_becomes_a_pseudonym_and_the_narrative_stays():
    data = export(TattooDeclaration, {"declaration_number": "T1", "person": "A.B.", "narrative": "It swelled."})
    (rows,) = read(io.BytesIO(data), "x", TattooDeclaration)
    kept = pseudonymised(rows, TattooDeclaration, Pseudonymiser("key")).to_pylist()[0]
    assert kept["person"].startswith("p1_")
    assert kept["narrative"] == "It swelled."


@pytest.mark.spark
def test_a_tattoo_is_dated_by_its_session_and_coded_by_its_pigments(spark):
    row = {
        "declaration_number": "T1",
        "version": "1",
        "received_date": "2024-03-05",
        "other_numbers": "fr-x-1|m-2",
        "notifier": "Dermatologist",
        "sex": "F",
        "age_years": "34",
        "product_name": "Ruby",
        "batch": "R7",
        "ingredients": "CI 15850 | CI 77891",
        "first_use_date": "2023-01-10",
        "effects": "Granuloma|Pruritus|granuloma",
        "onset_date": "2024-01-10",
        "seriousness": "not serious",
        "body_site": "forearm",
        "misuse": "no",
        "narrative": "It swelled.",
    }
    later = {**row, "version": "2", "received_date": "2024-04-01", "effects": "Granuloma", "age_years": "702"}
    gone = {**later, "version": "3", "received_date": "2024-05-01", "is_withdrawn": "yes"}
    tables, tattoo = lake(spark, "tattoo", row, later, gone), conform("tattoo")
    history = tattoo.report_history(tables).orderBy("report_version").collect()
    assert [(h["known_from"], h["known_to"], h["is_retracted"]) for h in history] == [
        (D(2024, 3, 5), D(2024, 4, 1), False),
        (D(2024, 4, 1), D(2024, 5, 1), False),
        (D(2024, 5, 1), None, True),
    ]
    first, second = history[:2]
    assert (first["domain"], first["agency"], first["reporter"]) == ("tattoo", "ANSES", "physician")
    assert (first["worldwide_case_id"], first["other_case_ids"]) == ("FR-X-1", ["FR-X-1", "M-2"])
    assert (first["is_serious"], first["age_years"]) == (False, 34)
    assert second["age_years"] == pytest.approx(702.0), "the limit is where the sources unite"
    products = tattoo.product_as_reported(tables).orderBy("report_version").collect()
    assert len(products) == 3
    assert products[0]["reported_substance"] == "CI 15850;CI 77891"
    assert (products[0]["days_to_onset"], products[0]["body_site"], products[0]["is_off_label"]) == (
        365,
        "forearm",
        False,
    )
    events = tattoo.report_event(tables).filter("report_version = 1").collect()
    assert {e["term_key"] for e in events} == {"preferred_term:GRANULOMA", "preferred_term:PRURITUS"}
    assert tattoo.report_narrative(tables).count() == 3
    assert tattoo.term(tables).select("term_key").distinct().count() == 2


@pytest.mark.spark
def test_a_plant_and_a_medicine_of_one_declaration_keep_their_roles(spark):
    plant = {
        "declaration_number": "N1",
        "product_name": "Curcumax",
        "ingredients": "Curcuma longa L., rhizome",
        "effects": "Hepatitis",
        "seriousness": "hospitalisation",
        "dose": "2 a day",
    }
    medicine = {**plant, "product_name": "Warfarin", "ingredients": "", "role": "concomitant", "dose": ""}
    tables, nutrition = lake(spark, "nutrivigilance", plant, medicine), conform("nutrivigilance")
    rows = nutrition.product_as_reported(tables).orderBy("product_seq").collect()
    assert [(r["role"], r["product_type"], r["dose_text"]) for r in rows] == [
        ("suspect", "food_supplement", "2 a day"),
        ("concomitant", None, None),
    ]
    (case,) = nutrition.report_history(tables).collect()
    assert (case["is_serious"], case["is_hospitalisation"], case["is_death"]) == (True, True, False)
    assert nutrition.report_event(tables).count() == 1


@pytest.mark.spark
def test_re_exposure_to_a_cosmetic_is_its_rechallenge(spark):
    row = {"declaration_number": "S1", "product_name": "Balm", "effects": "Rash", "re_exposure": "Positive"}
    tables, sue = lake(spark, "sue", row), conform("sue")
    (product,) = sue.product_as_reported(tables).collect()
    assert (product["rechallenge"], product["product_type"]) == ("positive", "cosmetic")
    (case,) = sue.report_history(tables).collect()
    assert case["received_first_date"] == D(2024, 6, 30), "without a date of its own, the file's"
