"""The register of access: what is put aside with its reason, what is not read, and what becomes decisions and forms."""

from __future__ import annotations

import datetime as dt
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.rules import judged
from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.sources.access_register import read
from pipelines.defs.sources.access_register import tables as t
from pipelines.files.text import Refused
from tests.rows import frame, united, without_rows
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
FIRST, LATER = D(2024, 6, 30), D(2024, 7, 31)
DECISION = {"decision_number": "aap-1", "medicine_number": "m-1", "access": "aap", "medicine": "GT 101"}
DECISION |= {"indication": "x", "decision_state": "granted", "first_day": "2024-01-10", "published": "2024-01-12"}
PATIENT = {"decision_number": "AAP-1", "medicine_number": "M-1", "patient_number": "7", "started": "2024-02-01"}
PATIENT |= {"last_news": "2024-03-01", "vital_state": "treated"}
FORM = {
    "decision_number": "AAP-1",
    "medicine_number": "M-1",
    "patient_number": "7",
    "visit": "M01",
    "due": "2024-03-01",
}
FORMS = ",".join(t.AccessForm.source_columns()) + "\n"


def csv(table, *rows: dict, **more: str) -> bytes:
    names = [*table.source_columns(), *more]
    told = [r | more for r in rows]
    return "\n".join([",".join(names), *[",".join(str(r.get(n, "")) for n in names) for r in told]]).encode()


def bronze(spark, table, *states: bytes):
    files = {f"access_register/{i}.csv": (data, (FIRST, LATER)[i]) for i, data in enumerate(states)}
    return {table.address(): bronze_frame(spark, table, read.read, files)}


def test_a_file_without_what_it_needs_is_refused():
    with pytest.raises(Refused, match="medicine_number"):
        rows_of(read, t.AccessDecision, csv(t.AccessDecision, DECISION).replace(b"medicine_number", b"other"))
    assert t.AccessForm.files.owns("access_register/2024-06-30/forms.csv.gz")
    assert not t.AccessForm.files.owns("quality_register/2024-06-30/forms.csv")


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"access": "ATU"}, "access_matches_pattern"),
        ({"first_day": "10/01/2024"}, "first_day_matches_pattern"),
        ({"decision_state": "asked"}, "decision_state_matches_pattern"),
        ({"medicine_number": " - "}, "medicine_number_matches_pattern"),
    ],
)
def test_a_decision_that_can_not_be_placed_is_put_aside_with_the_rule(wrong, rule):
    data = csv(t.AccessDecision, DECISION, DECISION | wrong)
    told = judged(pa.concat_tables(read.read(io.BytesIO(data), "x", t.AccessDecision)), t.AccessDecision).to_pylist()
    assert [(r["line_number"], r["reason"]) for r in told] == [(2, None), (3, f"it breaks the rule {rule}")]


def test_initials_are_asked_for_by_law_and_not_read():
    (row,) = rows_of(read, t.AccessPatientRow, csv(t.AccessPatientRow, PATIENT, initials="ZQ"))
    assert "initials" not in row and "ZQ" not in str(row)


@given(
    st.lists(
        st.sampled_from(
            ["A,M,7,M01,follow_up,2024-03-01,,,", "", "a,b", '"x', "A,M,,,,,,,", "\xa0", "A,M,7,M01,,x,,,9"]
        ),
        max_size=7,
    )
)
def test_any_lines_are_kept_or_put_aside(lines):
    assert is_balanced(read, t.AccessForm, (FORMS + "".join(f"{line}\n" for line in lines)).encode())


@pytest.mark.spark
def test_a_decision_is_an_interval_and_a_later_state_ends_it(spark):
    ended = DECISION | {"last_day": "2024-07-15", "cis": "60000001", "gmo_number": "b/fr/2024/07"}
    tables = bronze(spark, t.AccessDecision, csv(t.AccessDecision, DECISION), csv(t.AccessDecision, ended))
    tables |= without_rows(spark, "silver.substance_name")
    rows = united(tables, "silver.access_authorisation", "access_register").sort("valid_from").collect()
    assert [(r["decision_id"], r["medicine_key"], r["access"], r["end_date"], r["valid_to"]) for r in rows] == [
        ("AAP-1", "M-1", "early", None, LATER),
        ("AAP-1", "M-1", "early", D(2024, 7, 15), None),
    ]
    assert [(r["product_key"], r["gmo_key"], r["known_from"]) for r in rows] == [
        (None, None, D(2024, 1, 12)),
        ("CIS:60000001", "B/FR/24/07", D(2024, 1, 12)),
    ]


@pytest.mark.spark
def test_medicines_are_coded_by_their_substance_else_by_their_name(spark):
    named = {
        "1": {"substance": "velogen", "medicine": "GT 101"},
        "2": {"substance": "Velogen sulfate + Luxin", "medicine": "GT 102"},
        "3": {"substance": "", "medicine": "Velomed"},
        "4": {"substance": "GT 104", "medicine": "GT 104"},
    }
    rows = [DECISION | told | {"decision_number": number} for number, told in named.items()]
    tables = bronze(spark, t.AccessDecision, csv(t.AccessDecision, *rows))
    names = [("VELOGEN", "S1", "preferred"), ("LUXIN", "S2", "official"), ("VELOMED", "S1", "brand")]
    known = dict.fromkeys(SubstanceName.columns) | {"known_from": D(1900, 1, 1), "is_current": True}
    columns = ("normalised_name", "substance_key", "kind")
    tables[SubstanceName.address()] = frame(
        spark, SubstanceName, [known | dict(zip(columns, n, strict=True)) for n in names]
    )
    coded = united(tables, "silver.access_authorisation", "access_register").collect()
    assert {r["decision_id"]: (r["substance_keys"], r["substance_method"]) for r in coded} == {
        "1": (["S1"], "exact"),
        "2": (["S1", "S2"], "salt_stripped"),
        "3": (["S1"], "brand"),
        "4": (None, "uncoded"),
    }


@pytest.mark.spark
def test_a_decision_for_all_patients_is_an_act_and_one_by_name_is_none(spark):
    rows = [DECISION | {"substance": "velogen; luxin"}]
    rows += [DECISION | {"decision_number": k, "access": k} for k in ("aac", "cpc", "amm")]
    tables = bronze(spark, t.AccessDecision, csv(t.AccessDecision, *rows))
    acts = {r["event_id"]: r for r in united(tables, "silver.regulatory_event", "access_register").collect()}
    assert set(acts) == {"AAP-1", "CPC"}
    act = acts["AAP-1"]
    assert (act["act_kind"], act["act_date"], act["known_from"]) == ("access_decision", D(2024, 1, 10), D(2024, 1, 12))
    assert (act["substances"], act["products"], act["is_action"]) == (["velogen", "luxin"], ["GT 101"], True)


@pytest.mark.spark
def test_forms_stand_from_the_day_they_are_planned(spark):
    came = FORM | {"received": "2024-07-20", "events": "2", "visited": "2024-03-02"}
    tables = bronze(spark, t.AccessForm, csv(t.AccessForm, FORM), csv(t.AccessForm, came))
    rows = united(tables, "silver.follow_up_visit", "access_register").sort("valid_from").collect()
    assert [(r["received_date"], r["n_events"], r["valid_from"]) for r in rows] == [
        (None, None, FIRST),
        (D(2024, 7, 20), 2, LATER),
    ]
    people = bronze(spark, t.AccessPatientRow, csv(t.AccessPatientRow, PATIENT, PATIENT | {"decision_number": "AMM-1"}))
    told = united(people, "silver.access_patient", "access_register").collect()
    assert sorted((r["decision_id"], r["patient"], r["start_date"]) for r in told) == [
        ("AAP-1", "7", D(2024, 2, 1)),
        ("AMM-1", "7", D(2024, 2, 1)),
    ]
