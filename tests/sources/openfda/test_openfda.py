"""openFDA: three endpoints, one shape each, versions, object or array, and the FDA's own samples."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.openfda import conform, read
from pipelines.defs.sources.openfda.tables import OpenfdaAnimalEvent, OpenfdaCosmeticEvent, OpenfdaDrugEvent
from pipelines.frames.history import always
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date
TABLES = (OpenfdaDrugEvent, OpenfdaAnimalEvent, OpenfdaCosmeticEvent)
DRUG = {
    "safetyreportid": "10",
    "safetyreportversion": 1,
    "receivedate": "20240105",
    "receiptdate": "20240105",
    "seriousnessdeath": "1",
    "companynumb": "fr-x-1",
    "occurcountry": "FR",
    "primarysource": {"qualification": "5"},
    "patient": {
        "patientonsetage": "34",
        "patientonsetageunit": "801",
        "patientsex": "2",
        "reaction": {"reactionmeddrapt": "Rash"},
        "drug": {"drugcharacterization": "1", "medicinalproduct": "ASPIRIN"},
    },
}
ANIMAL = {
    "unique_aer_id_number": "USA-1",
    "original_receive_date": "20240105",
    "primary_reporter": "Animal Owner",
    "primary_reporter_country": "USA",
    "serious_ae": "true",
    "animal": {"species": "Dog", "age": {"min": "2", "unit": "Year"}},
    "outcome": {"medical_status": "Died", "number_of_animals_affected": "1"},
    "drug": [
        {"brand_name": "Metacam", "active_ingredients": {"name": "Meloxicam"}, "used_according_to_label": "false"}
    ],
    "reaction": {"veddra_term_code": "5", "veddra_term_name": "Vomiting"},
}
COSMETIC = {
    "report_number": "C1",
    "report_version": 1,
    "legacy_report_id": "2012-1",
    "initial_received_date": "20240105",
    "latest_received_date": "20240105",
    "products": {"product_name": "Balm", "role": "SUSPECT"},
    "patient": {"age": "40", "age_unit": "year(s)", "gender": "Female"},
    "reactions": ["Alopecia", "Rash"],
    "outcomes": ["Hospitalization"],
}


def results(*found: dict) -> bytes:
    return ('{"meta": {}, "results": [' + ", ".join(map(json.dumps, found)) + "]}").encode()


@pytest.mark.parametrize(
    ("path", "table"),
    [
        ("openfda/drug-event/2024/drug-event-0001-of-0009.json.zip/drug-event-0001-of-0009.json", OpenfdaDrugEvent),
        ("openfda/drug/event/2024-01-01/drug-event-1.json", OpenfdaDrugEvent),
        ("openfda/animal-event/2024/animalandveterinary-event-1.json.gz", OpenfdaAnimalEvent),
        ("openfda/cosmetic-event/cosmetic-event-1.json", OpenfdaCosmeticEvent),
    ],
)
def test_each_endpoint_is_known_by_the_names_of_its_files(path, table):
    assert [t for t in TABLES if t.files.owns(path)] == [table]


@pytest.mark.parametrize("table", TABLES)
@given(
    data=st.lists(st.sampled_from(['{"a":', "{", "}", '"', "]", "[", ",", "1", "null", '{"results":[']), max_size=12)
)
def test_every_record_is_kept_or_rejected(table, data):
    assert is_balanced(read, table, "".join(data).encode())


def test_one_and_many_numbers_and_texts_come_to_the_same():
    many = {**DRUG, "patient": {**DRUG["patient"], "reaction": [{"reactionmeddrapt": "Rash"}]}}
    (one,), (other,) = (rows_of(read, OpenfdaDrugEvent, results(d)) for d in (DRUG, many))
    assert one == other
    assert (one["version"], one["age_unit"]) == ("1", "a")


def test_a_record_of_another_structure_is_put_aside():
    first, second, third = rows_of(read, OpenfdaDrugEvent, results({"patient": {}}, {**DRUG, "patient": "none"}, DRUG))
    assert first["reason"] == "has no safety_report_id"
    assert second["reason"] == "has another structure than the endpoint's"
    assert third["reason"] is None


@pytest.fixture
def tables(spark):
    follow_up = {**DRUG, "safetyreportversion": "2", "receiptdate": "20240301", "seriousnessdeath": None}
    better = {**ANIMAL, "outcome": []}
    days = (D(2024, 2, 1), D(2024, 4, 1))
    files = {
        OpenfdaDrugEvent: (results(DRUG), results(follow_up)),
        OpenfdaAnimalEvent: (results(ANIMAL), results(better)),
        OpenfdaCosmeticEvent: (
            results(COSMETIC),
            results({**COSMETIC, "report_version": 2, "latest_received_date": "20240302"}),
        ),
    }
    terms = spark.createDataFrame(
        [("veddra:5", "veddra", "5", None)], "term_key string, dictionary string, code string, pt_name string"
    )
    frames = {
        t.address(): bronze_frame(
            spark, t, read.read, {f"openfda/{d}.json": (b, d) for d, b in zip(days, both, strict=True)}
        )
        for t, both in files.items()
    }
    return {**frames, "silver.term": always(terms)}


@pytest.mark.spark
def test_an_earlier_download_is_an_earlier_version(tables):
    rows = {(r["report_key"], r["report_version"]): r for r in conform.report_history(tables).collect()}
    assert len(rows) == 6
    drug, animal, cosmetic = (rows[f"openfda:{key}", 1] for key in ("10", "USA-1", "C1"))
    assert [r["domain"] for r in (drug, animal, cosmetic)] == ["human", "veterinary", "cosmetic"]
    assert (drug["known_from"], drug["known_to"], drug["is_death"]) == (D(2024, 1, 5), D(2024, 3, 1), True)
    assert (drug["worldwide_case_id"], drug["sex"], drug["reporter"]) == ("FR-X-1", "female", "consumer")
    assert rows["openfda:10", 2]["is_death"] is False
    assert (animal["known_from"], animal["known_to"]) == (D(2024, 1, 5), D(2024, 4, 1))
    assert (animal["species"], animal["country"], animal["n_animals_died"]) == ("dog", "US", 1)
    assert (cosmetic["known_to"], cosmetic["is_hospitalisation"], cosmetic["age_years"]) == (D(2024, 3, 2), True, 40)
    assert cosmetic["other_case_ids"][:2] == ["2012-1", "FDA-CAERS:2012-1"]


@pytest.mark.spark
def test_products_and_reactions_of_all_endpoints(tables):
    products = conform.product_as_reported(tables).filter("report_version = 1").collect()
    assert {(p["reported_name"], p["reported_substance"], p["product_type"], p["is_off_label"]) for p in products} == {
        ("ASPIRIN", None, "medicine", None),
        ("Metacam", "Meloxicam", "veterinary_medicine", True),
        ("Balm", None, "cosmetic", None),
    }
    events = conform.report_event(tables).filter("report_version = 1").collect()
    assert {(e["report_key"], e["term_key"]) for e in events} == {
        ("openfda:10", "preferred_term:RASH"),
        ("openfda:USA-1", "veddra:5"),
        ("openfda:C1", "preferred_term:ALOPECIA"),
        ("openfda:C1", "preferred_term:RASH"),
    }
    assert conform.term(tables).select("term_key").distinct().count() == 2


def test_the_fdas_samples_are_accounted_for(shared):
    folder = shared / "data" / "openfda_drugevent"
    for name in ("event.preannotation.json", "event.postannotation.json"):
        (row,) = rows_of(read, OpenfdaDrugEvent, bytes_of(folder / name))
        assert row["worldwide_id"] == "US-MERCK-0304USA00739"
        assert len(json.loads(row["drugs"])) > 10
        assert row["reason"] is None or "safety_report_id" in row["reason"]
    pairs = rows_of(read, OpenfdaDrugEvent, bytes_of(folder / "adverseEventSample.jsonl"))
    assert len(pairs) == 4_368
    assert {r["reason"] for r in pairs} == {"has no safety_report_id"}, "pairs, not reports: quarantined, not lost"
    golden = shared / "data" / "openfda_adae" / "adae_test.openfda.json"
    (animal,) = rows_of(read, OpenfdaAnimalEvent, golden.read_bytes())
    assert animal["unique_aer_id_number"] == "USA-USFDACVM-2016-US-017128"
    assert len(json.loads(animal["reaction"])) == 14


@pytest.mark.spark
def test_pages_in_one_file_are_all_read_and_the_stated_number_orders_versions(spark):
    newer, older = {**DRUG, "safetyreportversion": "10"}, {**DRUG, "safetyreportid": " 10", "safetyreportversion": " 9"}
    pages = b"\n".join(results(d) for d in (newer, older, {**DRUG, "safetyreportid": "11"})) + b"\n<html>"
    rows = rows_of(read, OpenfdaDrugEvent, pages)
    assert [r["reason"] for r in rows] == [None, None, None, "text between records"]
    assert is_balanced(read, OpenfdaDrugEvent, pages)
    frames = {}
    for table in TABLES:
        files = {"openfda/pages.json": (pages, D(2024, 2, 1))} if table is OpenfdaDrugEvent else {}
        empty = spark.createDataFrame([], table.spark_schema())
        frames[table.address()] = bronze_frame(spark, table, read.read, files) if files else empty
    history = conform.report_history(frames).filter("is_latest").collect()
    assert {(r["report_key"], r["report_version"]) for r in history} == {("openfda:10", 2), ("openfda:11", 1)}
