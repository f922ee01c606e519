"""GL42: the FDA's golden pair, blank dates, nullified cases, animals, use off label, VeDDRA codes."""

from __future__ import annotations

import contextlib
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.gl42 import conform, read
from pipelines.defs.sources.gl42.simulate import HEAD, TAIL, message
from pipelines.defs.sources.gl42.tables import Gl42Nullified, Gl42Report
from pipelines.files.text import Refused
from pipelines.frames.history import always
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of, spoiled

D = dt.date
NUMBER = "USA-USFDACVM-2024-US-000123"
ROW = {
    "case_no": 1,
    "version": 1,
    "received_date": D(2024, 3, 5),
    "first_received_date": D(2024, 3, 4),
    "worldwide_no": NUMBER,
    "outcome": "DE",
    "reporter": "vet",
    "country": "FRA",
    "sex": "female",
    "species": "dog",
    "breed": "Beagle",
    "n_affected": 2,
    "n_died": 1,
    "age_years": 3.0,
    "weight_kg": 12.5,
    "onset_date": D(2024, 2, 1),
    "onset_precision": "day",
    "products": [{"name": "Metacam", "substances": ["MELOXICAM"], "is_cascade": True, "batch": "L1"}],
    "events": [{"llt": "Vomiting", "llt_code": 5}, {"llt": "INEFFECTIVE, FLEAS", "llt_code": 99107}],
}


def batch(*messages: str) -> bytes:
    return (HEAD.format(name="x") + "\n".join(messages) + TAIL).encode()


def said(**changes: object) -> str:
    return message({**ROW, **changes})


def rows(data: bytes) -> list[dict]:
    return rows_of(read, Gl42Report, data, "gl42/x.xml")


def leaves(value: object, at: str = "") -> dict[str, object]:
    """Every value of a nested JSON under its path."""
    if isinstance(value, dict) and value:
        return {k: v for name, x in value.items() for k, v in leaves(x, f"{at}.{name}").items()}
    if isinstance(value, list) and value:
        return {k: v for i, x in enumerate(value) for k, v in leaves(x, f"{at}[{i}]").items()}
    return {at: value}


def columns_of(row: dict) -> dict[str, object]:
    """A bronze row as openFDA would publish it."""
    own = ("line_number", "reason", "raw", "message_created", "sent_date", "type_of_submission", "narrative")
    kept = {k: v for k, v in row.items() if v is not None and k not in (*own, "reporter_country")}
    told = {k: json.loads(v) if v[:1] in "[{" else v for k, v in kept.items()}
    return {"@id": told["unique_aer_id_number"], **told}


def test_the_fdas_message_gives_its_golden_json_value_by_value(shared):
    folder = shared / "data" / "openfda_adae"
    golden = leaves(json.loads((folder / "adae_test.openfda.json").read_text()))
    (row,) = rows((folder / "adae_test.xml").read_bytes())
    assert len(golden) > 240
    assert leaves(columns_of(row)) == golden
    (blank,) = rows((folder / "test_blank_orig_date.xml").read_bytes())
    rest = {k: v for k, v in golden.items() if k != ".original_receive_date"}
    assert leaves(columns_of(blank)) == rest


def test_a_denominator_that_is_no_number_is_zero(shared):
    data = (shared / "data" / "openfda_adae" / "adae_test.xml").read_bytes()
    at = data.index(b'<denominator xsi:type="PQ" value="1"')
    (row,) = rows(data[:at] + data[at:].replace(b'value="1"', b'value="about one"', 1))
    assert json.loads(row["drug"])[0]["dose"]["denominator"] == "0"


def test_the_list_of_nullified_cases_is_accounted_for(shared):
    data = (shared / "data" / "openfda_adae" / "nullified_case_files.txt").read_bytes()
    found = rows_of(read, Gl42Nullified, data, "gl42/nullified.txt")
    assert len(found) == 958
    assert len([r for r in found if r["reason"]]) == 5
    assert is_balanced(read, Gl42Nullified, data, "gl42/nullified.txt")


@given(st.lists(st.integers(0, 5), max_size=6), st.binary(max_size=40))
def test_every_message_is_kept_or_rejected_whatever_is_cut_out_of_the_batch(cuts, noise):
    data = spoiled(batch(said(), said(case_no=2)), cuts, noise)
    with contextlib.suppress(Refused):
        assert is_balanced(read, Gl42Report, data, "gl42/x.xml")


@given(st.binary(max_size=200))
def test_every_name_is_kept_or_rejected(data):
    assert is_balanced(read, Gl42Nullified, data, "gl42/nullified.txt")


def test_a_message_without_its_number_is_put_aside():
    first, second = rows(batch(said().replace(f'extension="{NUMBER}"', 'extension="MSK"'), said()))
    assert first["reason"].startswith("A.4.1")
    assert second["reason"] is None


@pytest.fixture
def tables(spark):
    later = said(version=2, received_date=D(2024, 4, 1), n_died=0, outcome=None)
    files = {"gl42/a.xml": (batch(said(), later, said(case_no=3, worldwide_no="FR-X-000001")), D(2024, 4, 30))}
    listed = {"gl42/nullified.txt": (b"US-FDACVM-2024-US-000123.xml\n", D(2024, 6, 30))}
    return {
        Gl42Report.address(): bronze_frame(spark, Gl42Report, read.read, files),
        Gl42Nullified.address(): bronze_frame(spark, Gl42Nullified, read.read, listed),
        "silver.term": always(
            spark.createDataFrame([("veddra:5", "veddra", "5")], "term_key string, dictionary string, code string")
        ),
    }


@pytest.mark.spark
def test_a_report_has_its_versions_and_a_listed_one_is_withdrawn_from_the_list_on(tables):
    history = conform.report_history(tables).filter("source_case_id LIKE 'USA%'").orderBy("report_version").collect()
    assert [(h["known_from"], h["known_to"], h["is_retracted"]) for h in history] == [
        (D(2024, 3, 5), D(2024, 4, 1), False),
        (D(2024, 4, 1), D(2024, 6, 30), False),
        (D(2024, 6, 30), None, True),
    ]
    first = history[0]
    assert (first["received_first_date"], first["species"], first["breed"], first["sex"]) == (
        D(2024, 3, 4),
        "dog",
        "Beagle",
        "female",
    )
    assert (first["n_animals_affected"], first["n_animals_died"], first["is_death"], first["is_serious"]) == (
        2,
        1,
        True,
        True,
    )
    assert (first["country"], first["reporter"], first["age_years"], first["weight_kg"]) == (
        "FR",
        "veterinarian",
        3.0,
        12.5,
    )
    assert conform.report_history(tables).filter("is_retracted").count() == 1


@pytest.mark.spark
def test_products_and_reactions_are_told_and_coded(tables):
    product = conform.product_as_reported(tables).first()
    assert (product["reported_name"], product["reported_substance"], product["is_off_label"], product["batch"]) == (
        "Metacam",
        "Meloxicam",
        True,
        "L1",
    )
    events = conform.report_event(tables).filter("report_key = 'gl42:FR-X-000001'").orderBy("event_seq").collect()
    assert [(e["reported_term"], e["term_key"], e["coding_method"]) for e in events] == [
        ("Vomiting", "veddra:5", "code"),
        ("INEFFECTIVE, FLEAS", None, "uncoded"),
    ]
    assert conform.report_narrative(tables).count() == 4
