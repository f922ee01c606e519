"""EVVet to the common report tables: versions, codes, children."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.silver.report.tables import ReportHistory
from pipelines.defs.sources.evvet.codes import COUNTRIES
from pipelines.defs.sources.evvet.conform import product_as_reported, report_event, report_history
from pipelines.frames.history import always, cut_at
from tests.sources.evvet.listings import bronze

pytestmark = pytest.mark.spark
D = dt.date.fromisoformat
PLAIN = {"Case number": "OTHER", "Received date": "2024-01-02 00:00:00"}


def versions(spark, *extractions, case="FRA-TEST-1"):
    rows = report_history(bronze(spark, *extractions)).filter(f"source_case_id = '{case}'").collect()
    return sorted(rows, key=lambda r: r["report_version"])


def spans(rows):
    return [(r["report_version"], str(r["known_from"]), str(r["known_to"]), r["is_retracted"]) for r in rows]


def test_a_case_of_a_first_extraction_is_known_from_its_receipt(spark):
    rows = versions(spark, ("f-2024", "2024-02-01", [{}]))
    assert spans(rows) == [(1, "2024-01-05", "None", False)]
    assert rows[0]["is_latest"]


def test_a_case_that_an_earlier_extraction_lacked_since_its_receipt_is_known_from_the_one_that_showed_it(spark):
    rows = versions(spark, ("f-2024", "2024-01-05", [PLAIN]), ("f-2024", "2024-02-01", [PLAIN, {}]))
    assert spans(rows) == [(1, "2024-02-01", "None", False)]


def test_an_extraction_before_the_receipt_or_of_another_file_lacks_nothing(spark):
    rows = versions(
        spark,
        ("f-2024", "2024-01-04", [PLAIN]),
        ("g-2024", "2024-01-20", [PLAIN]),
        ("f-2024", "2024-02-01", [PLAIN, {}]),
    )
    assert spans(rows) == [(1, "2024-01-05", "None", False)]


def test_a_receipt_after_the_extraction_that_shows_it_is_known_from_the_extraction(spark):
    assert spans(versions(spark, ("f-2024", "2024-01-01", [{}]))) == [(1, "2024-01-01", "None", False)]


def test_changed_content_is_a_new_version_and_a_changed_link_is_none(spark):
    rows = versions(
        spark,
        ("f-2024", "2024-02-01", [{}]),
        ("f-2024", "2024-03-01", [{"AER form": "<a>other</a>"}]),
        ("f-2024", "2024-04-01", [{"Animals died": "1"}]),
    )
    assert spans(rows) == [(1, "2024-01-05", "2024-04-01", False), (2, "2024-04-01", "None", False)]
    assert [(r["is_death"], r["is_serious"], r["n_animals_died"]) for r in rows] == [
        (False, None, None),
        (True, True, 1),
    ]


def test_a_removed_case_is_retracted_with_its_last_content_and_may_come_back(spark):
    rows = versions(
        spark,
        ("f-2024", "2024-02-01", [PLAIN, {}]),
        ("f-2024", "2024-03-01", [PLAIN]),
        ("f-2024", "2024-04-01", [PLAIN, {}]),
    )
    assert spans(rows) == [
        (1, "2024-01-05", "2024-03-01", False),
        (2, "2024-03-01", "2024-04-01", True),
        (3, "2024-04-01", "None", False),
    ]
    assert [r["is_latest"] for r in rows] == [False, False, True]
    assert {r["breed"] for r in rows} == {"Retriever - Golden"}


def test_a_case_that_moved_to_another_years_file_is_not_removed(spark):
    moved = {"Received date": "2025-01-10 00:00:00", "Reaction": "Cough"}
    rows = versions(
        spark,
        ("f-2024", "2024-12-01", [PLAIN, {}]),
        ("f-2025", "2025-02-01", [moved]),
        ("f-2024", "2025-02-01", [PLAIN]),
        ("f-2024", "2025-03-01", [PLAIN]),
    )
    assert spans(rows) == [(1, "2024-01-05", "2025-02-01", False), (2, "2025-02-01", "None", False)]
    assert [str(r["received_latest_date"]) for r in rows] == ["2024-01-05", "2025-01-10"]
    assert [str(r["received_first_date"]) for r in rows] == ["2024-01-05", "2024-01-05"]


def test_a_listing_named_with_its_date_is_an_extraction_of_the_same_file(spark):
    rows = versions(spark, ("f-2024", "2024-02-01", [PLAIN, {}]), ("f-2024_2024-03-01", "2024-03-01", [PLAIN]))
    assert [r["is_retracted"] for r in rows] == [False, True]


def test_the_order_of_ingestion_changes_nothing(spark):
    extractions = [
        ("f-2024", "2024-02-01", [PLAIN, {}]),
        ("f-2024", "2024-03-01", [PLAIN, {"Breed": "Cat (other)"}]),
        ("g-2024", "2024-03-01", [{"Breed": "Crossbred dog"}]),
        ("f-2024", "2024-04-01", [PLAIN]),
    ]
    forward, backward = bronze(spark, *extractions), bronze(spark, *reversed(extractions))
    for entity in (report_history, product_as_reported):
        assert sorted(map(str, entity(forward).collect())) == sorted(map(str, entity(backward).collect()))


def test_a_case_given_twice_in_one_listing_is_one_case(spark):
    rows = versions(spark, ("f-2024", "2024-02-01", [{"Breed": "Beagle"}, {"Breed": "Akita"}]))
    assert [r["breed"] for r in rows] == ["Beagle"]


@pytest.mark.parametrize(
    ("column", "sent", "field", "expected"),
    [
        ("Country", "United Kingdom (Northern Ireland)", "country", "GB"),
        ("Country", "No Reference", "country", None),
        ("Reporter", "Animal owner", "reporter", "consumer"),
        ("Reporter", "Other health care professional", "reporter", "other_health_professional"),
        ("Reporter", "Unknown", "reporter", None),
        ("Gender", "MIXED", "sex", "mixed"),
        ("Gender", "Unknown", "sex", None),
        ("Species", "Human", "species", "human"),
        ("Species", "", "species", "unknown"),
        ("Animals affected", "53", "n_animals_affected", 53),
        ("Animals affected", "many", "n_animals_affected", None),
        ("Reaction", "Anorexia, Death by euthanasia", "is_death", True),
        ("Reaction", "Foetal death", "is_death", False),
        ("Received date", "soon", "received_first_date", D("2024-02-01")),
    ],
)
def test_words_become_common_codes(spark, column, sent, field, expected):
    (row,) = versions(spark, ("f-2024", "2024-02-01", [{column: sent}]))
    assert row[field] == expected
    assert (row["domain"], row["agency"], row["worldwide_case_id"]) == ("veterinary", "ANSES", "FRA-TEST-1")


def test_country_codes_are_two_letters_and_names_are_not_doubled():
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES.values())
    assert (COUNTRIES["congo, democratic republic"], COUNTRIES["united states"]) == ("CD", "US")
    assert len(set(COUNTRIES.values())) > 190


def test_children_stand_for_every_version_retractions_included(spark):
    tables = bronze(spark, ("f-2024", "2024-02-01", [PLAIN, {}]), ("f-2024", "2024-03-01", [PLAIN]))
    terms = [("veddra:1", "veddra", "Cough, hacking"), ("text:anorexia", "preferred_term", "Anorexia")]
    columns = "term_key string, dictionary string, term_name string"
    tables["silver.term"] = always(spark.createDataFrame(terms, columns))
    events = report_event(tables).filter("report_key = 'evvet:FRA-TEST-1'").collect()
    assert sorted((r["report_version"], r["event_seq"], r["reported_term"], r["term_key"]) for r in events) == [
        (1, 1, "Anorexia", None),
        (1, 2, "Cough, hacking", "veddra:1"),
        (2, 1, "Anorexia", None),
        (2, 2, "Cough, hacking", "veddra:1"),
    ]
    assert {(r["term_key"] is None, r["coding_method"]) for r in events} == {(True, "uncoded"), (False, "exact")}
    products = product_as_reported(tables).filter("report_key = 'evvet:FRA-TEST-1' AND report_version = 2").collect()
    assert sorted((r["product_seq"], r["reported_name"], r["role"]) for r in products) == [
        (1, "Librela 10 mg - Solution for injection", "unknown"),
        (2, "Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)", "unknown"),
    ]


def test_what_was_known_on_a_date_shows_nothing_that_came_later(spark):
    history = report_history(
        bronze(spark, ("f-2024", "2024-02-01", [PLAIN]), ("f-2024", "2024-03-01", [{"Animals died": "1"}]))
    )
    known = {
        d: {
            r["source_case_id"]: r["is_retracted"]
            for r in cut_at(history, ReportHistory.axis, D(d)).filter("is_latest").collect()
        }
        for d in ("2024-01-01", "2024-02-29", "2024-03-01")
    }
    assert known == {
        "2024-01-01": {},
        "2024-02-29": {"OTHER": False},
        "2024-03-01": {"OTHER": True, "FRA-TEST-1": False},
    }
