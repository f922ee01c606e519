"""E2B: the FDA's own test messages, rules, versions, nullification, acknowledgements, R2."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.e2b import conform, read
from pipelines.defs.sources.e2b.answer import Result, acknowledgement
from pipelines.defs.sources.e2b.simulate import HEAD, TAIL, message
from pipelines.defs.sources.e2b.tables import E2bIcsr
from pipelines.files.text import Refused
from pipelines.frames.history import always
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of, spoiled

D = dt.date
ROW = {
    "case_no": 1,
    "version": 1,
    "is_nullified": False,
    "received_date": D(2024, 3, 5),
    "first_received_date": D(2024, 3, 5),
    "reporter": "physician",
    "country": "FR",
    "worldwide_no": "fr-x-1",
    "sex": "female",
    "age_years": 34.0,
    "weight_kg": None,
    "outcome": "HO",
    "onset_date": D(2024, 2, 1),
    "onset_precision": "month",
    "events": [{"text": "Rash", "code": 99000001}],
    "products": [{"seq": 1, "role": "PS", "name": "Doliprane", "substances": ["PARACETAMOL"], "batch": "L1"}],
}


def batch(*messages: str) -> bytes:
    return (HEAD.format(batch='"B1"', time="20240305") + "\n".join(messages) + TAIL).encode()


def said(**changes: object) -> str:
    return message({**ROW, **changes})


def rows(data: bytes) -> list[dict]:
    return rows_of(read, E2bIcsr, data, "e2b/x.xml")


def test_a_message_is_one_row_with_what_repeats_as_json():
    (row,) = rows(batch(said()))
    assert (row["safety_report_id"], row["worldwide_id"], row["most_recent"]) == ("SIM-1", "fr-x-1", "20240305")
    assert (row["batch_number"], row["message_sender"], row["age"], row["age_unit"]) == ("B1", "SIMPHARMA", "34", "a")
    (reaction,) = json.loads(row["reactions"])
    assert (reaction["code"], reaction["text"], reaction["start"]) == ("99000001", "Rash", "202402")
    assert (reaction["hospitalisation"], reaction["death"]) == ("true", "nullFlavor:NI")
    (drug,) = json.loads(row["drugs"])
    assert (drug["name"], drug["role"], drug["doses"][0]["batch"]) == ("Doliprane", "1", "L1")
    assert [r["country"] for r in json.loads(row["reporters"])] == ["FR"]


def test_a_null_flavour_is_a_value():
    (row,) = rows(batch(said(sex=None)))
    assert row["sex"] == "nullFlavor:UNK"


def test_a_broken_rule_puts_the_message_aside_with_number_and_xpath_and_the_others_stay():
    no_primary = said(case_no=2).replace('<priorityNumber value="1"/>', "")
    no_suspect = said(case_no=3, products=[{**ROW["products"][0], "role": "C"}])
    first, second, third = rows(batch(no_primary, said(), no_suspect))
    assert first["reason"].startswith("R0021 C.2.r.5")
    assert "/investigationEvent/outboundRelationship/priorityNumber" in first["reason"]
    assert json.loads(first["raw"])["safety_report_id"] == "SIM-2"
    assert second["reason"] is None
    assert third["reason"].startswith("R0069 G.k.1")


def test_a_warning_stays_on_the_report():
    drug = ROW["products"][0]
    (row,) = rows(batch(said(products=[{**drug, "role": "C"}, {**drug, "seq": 2}])))
    assert json.loads(row["warnings"]) == ["W0005"]


@given(st.lists(st.integers(0, 5), max_size=6), st.binary(max_size=40))
def test_every_message_is_kept_or_rejected_whatever_is_cut_out_of_the_batch(cuts, noise):
    data = spoiled(batch(said(), said(case_no=2)), cuts, noise)
    with contextlib.suppress(Refused):
        assert is_balanced(read, E2bIcsr, data, "e2b/x.xml")


def test_a_file_without_messages_and_one_with_entities_are_refused():
    for data in (b"<a/>", b'<!DOCTYPE x [<!ENTITY a "b">]>' + batch(said()), b"no xml at all"):
        with pytest.raises(Refused):
            rows(data)


R2 = b"""<?xml version="1.0"?><!DOCTYPE ichicsr SYSTEM "http://example.org/icsr.dtd"><ichicsr lang="en">
<ichicsrmessageheader><messagesenderidentifier>FDA</messagesenderidentifier></ichicsrmessageheader>
<safetyreportid>7-1</safetyreportid><receiptdate>20120608</receiptdate><companynumb>US-1</companynumb>
<patient><patientonsetage>6</patientonsetage><patientonsetageunit>802</patientonsetageunit><reaction>
<reactionmeddrapt>Rash</reactionmeddrapt></reaction><drug><drugcharacterization>1</drugcharacterization>
<medicinalproduct>ASPIRIN</medicinalproduct></drug></patient></safetyreport>
<SAFETYREPORTS/><safetyreport><safetyreportid>8</safetyreportid></safetyreport></ichicsr>"""


def test_r2_reports_come_to_the_same_columns_and_a_lost_start_tag_is_put_back():
    first, second = rows(R2)
    assert (first["format"], first["safety_report_id"], first["worldwide_id"]) == ("R2", "7-1", "US-1")
    assert (first["age"], first["age_unit"], first["message_sender"]) == ("6", "mo", "FDA")
    assert json.loads(first["reactions"])[0]["term"] == "Rash"
    assert "E.i" in second["reason"]
    assert "G.k" in second["reason"]
    assert is_balanced(read, E2bIcsr, R2, "e2b/x.sgm")


def frame(spark, *files: tuple[dt.date, bytes]) -> dict:
    named = {f"e2b/{day}.xml": (data, day) for day, data in files}
    terms = spark.createDataFrame(
        [("preferred_term:RASH GENERALISED", "meddra", "99000001", "Rash generalised")],
        "term_key string, dictionary string, code string, pt_name string",
    )
    return {E2bIcsr.address(): bronze_frame(spark, E2bIcsr, read.read, named), "silver.term": always(terms)}


@pytest.mark.spark
def test_versions_follow_the_most_recent_information_and_a_nullification_withdraws(spark):
    later = said(version=2, received_date=D(2024, 4, 1), outcome="DE")
    gone = said(version=2, received_date=D(2024, 5, 1), is_nullified=True)
    tables = frame(spark, (D(2024, 6, 30), batch(gone, later)), (D(2024, 3, 31), batch(said())))
    history = conform.report_history(tables).orderBy("report_version").collect()
    assert [(h["known_from"], h["known_to"], h["is_retracted"]) for h in history] == [
        (D(2024, 3, 5), D(2024, 4, 1), False),
        (D(2024, 4, 1), D(2024, 5, 1), False),
        (D(2024, 5, 1), None, True),
    ]
    first, second = history[:2]
    assert (first["worldwide_case_id"], first["sex"], first["age_years"]) == ("FR-X-1", "female", 34)
    assert (first["is_hospitalisation"], first["is_death"], second["is_death"]) == (True, False, True)
    assert (first["onset_date"], first["onset_precision"]) == (D(2024, 2, 1), "month")
    assert (first["reporter"], first["country"], first["report_type"]) == ("physician", "FR", "spontaneous")
    products = conform.product_as_reported(tables).collect()
    assert {(p["reported_name"], p["reported_substance"], p["batch"], p["dose_text"]) for p in products} == {
        ("Doliprane", "PARACETAMOL", "L1", "10 mg")
    }
    assert conform.report_narrative(tables).count() == 3


@pytest.mark.spark
def test_a_reaction_is_coded_by_the_landed_release_else_keeps_its_words(spark):
    both = batch(said(events=[{"text": "Rash", "code": 99000001}, {"text": "Toux", "code": 1}]))
    rows = conform.report_event(frame(spark, (D(2024, 3, 31), both))).orderBy("event_seq").collect()
    assert [(r["reported_term"], r["term_key"], r["coding_method"]) for r in rows] == [
        ("Rash", "preferred_term:RASH GENERALISED", "code"),
        ("Toux", None, "uncoded"),
    ]


def test_the_acknowledgement_has_the_elements_of_the_real_ones(shared):
    from lxml import etree

    header = {"message_number": "m", "safety_report_id": "c", "message_sender": "S", "message_receiver": "R"}
    header |= {"message_created": "20240305", "batch_number": "B1"}
    ours = {
        "positive": acknowledgement([Result(1, header)], "d1", "20240306000000+0000"),
        "negative": acknowledgement(
            [Result(1, header, "R0021 C.2.r.5: no primary source")], "d1", "20240306000000+0000"
        ),
    }

    def outline(data: bytes) -> list[tuple[str, tuple[str, ...]]]:
        root = etree.parse(io.BytesIO(data), etree.XMLParser(remove_comments=True)).getroot()
        names = [(e.tag, tuple(sorted(k for k in e.attrib if "schemaLocation" not in k))) for e in root.iter()]
        return [(tag.rpartition("}")[2], tuple(k.rpartition("}")[2] for k in keys)) for tag, keys in names]

    for kind, data in ours.items():
        real = (shared / "data" / "e2b" / f"R3ack-{kind}.ack").read_bytes()
        assert outline(data) == outline(real)
        codes = [
            [e.get("typeCode") for e in etree.fromstring(d).iter("{urn:hl7-org:v3}acknowledgement")]
            for d in (data, real)
        ]
        assert codes[0] == codes[1]


def test_every_real_message_is_kept(shared):
    files = sorted((shared / "data" / "e2b").glob("*.xml"))
    found = {file.name: rows_of(read, E2bIcsr, file.read_bytes(), file.name) for file in files}
    assert len(found) == 8
    assert all(len(rows) == 1 and rows[0]["reason"] is None for rows in found.values())
    first = found["FAERS2022Scenario1.xml"][0]
    assert first["safety_report_id"] == "US-APHARMA-8744554B"
    drugs = json.loads(first["drugs"])
    assert [(d["name"], d["role"]) for d in drugs] == [("Drug A", "1"), ("Drug B", "1"), ("Drug C", "2")]
    assert [r["translation"] for r in json.loads(first["reactions"])] == [
        "THROMBOSE VEINEUSE PROFONDE",
        "COLITE ISCHEMIQUE",
    ]
    assert json.loads(found["FAERS2022Scenario6.xml"][0]["other_case_ids"])[0]["id"] == "FR-RPTLTD-15998"
    sgml = rows_of(read, E2bIcsr, bytes_of(shared / "data" / "openfda_drugevent" / "event.sgm"), "e2b/event.sgm")
    assert [r["reason"] for r in sgml] == [None]


OLD = """<safetyreport><safetyreportversion>{version}</safetyreportversion><safetyreportid> FR-1{blank}</safetyreportid>
<receiptdate>{day}</receiptdate><patient><reaction><reactionmeddrapt>{term}</reactionmeddrapt></reaction><drug>
<drugcharacterization>1</drugcharacterization><medicinalproduct>X</medicinalproduct></drug></patient></safetyreport>"""


def old(version: object, term: str, day: str = "20240104", blank: str = "") -> bytes:
    return f"<ichicsr>{OLD.format(version=version, term=term, day=day, blank=blank)}</ichicsr>".encode()


@pytest.mark.spark
@pytest.mark.parametrize(
    ("files", "terms"),
    [
        ([(D(2024, 1, 10), old(2, "Sepsis") + old(1, "Pyrexia"))], ["Pyrexia", "Sepsis"]),
        ([(D(2024, 1, 10), old(10, "Sepsis")), (D(2024, 1, 20), old(9, "Pyrexia", blank="\t"))], ["Pyrexia", "Sepsis"]),
        ([(D(2024, 1, 10), old("", "Sepsis", "20240105") + old("", "Pyrexia"))], ["Pyrexia", "Sepsis"]),
        (  # a sender that goes over to R3, which has no number
            [(D(2024, 3, 10), old(1, "Pyrexia") + old(2, "Sepsis") + batch(said()).replace(b'"SIM-1"', b'"FR-1"'))],
            ["Pyrexia", "Sepsis", "Rash"],
        ),
    ],
)
def test_the_number_that_the_sender_states_orders_versions_and_dates_where_there_is_none(spark, files, terms):
    tables = frame(spark, *files)
    events = conform.report_event(tables).orderBy("report_version").collect()
    assert [(e["report_key"], e["report_version"], e["reported_term"]) for e in events] == [
        ("e2b:FR-1", n, term) for n, term in enumerate(terms, start=1)
    ]
    latest = conform.report_history(tables).filter("is_latest").collect()
    assert [r["report_version"] for r in latest] == [len(terms)]


def extended(text: str) -> bytes:
    """A message with the FDA's elements beside those of ICH, its drug not administered."""
    role = '<component><causalityAssessment><code code="20" codeSystem="{s}"/><value code="1" codeSystem="2.16.840.1.113883.3.989.5.1.2.1.1.8"/>'.format(s=ICH + "19")  # fmt: skip
    used = '<subject2><productUseReference><id root="1-1"/></productUseReference></subject2></causalityAssessment></component>'
    text = text.replace('code="1"/><subject2>', f'code="4" codeSystem="{ICH}13"/><subject2>')
    more = '<outboundRelationship2><observation><code code="9"/><value code="11" codeSystem="2.16.840.1.113883.3.989.5.1.2.1.1.7"/></observation></outboundRelationship2>'
    text = text.replace("</consumable><outboundRelationship2>", f"</consumable>{more}<outboundRelationship2>", 1)
    race = '<subjectOf2><observation><code code="7" codeSystem="2.16.840.1.113883.3.26.1.1"/><value value="99"/></observation></subjectOf2>'
    text = text.replace("<subjectOf2><organizer>", f"{race}<subjectOf2><organizer>", 1)
    return batch(text.replace("</primaryRole></subject1>", f"</primaryRole></subject1>{role}{used}"))


ICH = "2.16.840.1.113883.3.989.2.1.1."


def test_a_code_of_a_regions_own_list_is_no_code_of_ich():
    (row,) = rows(extended(said()))
    (drug,) = json.loads(row["drugs"])
    assert (row["reason"], drug["role"], drug.get("additional")) == (None, "4", None)
    assert [o["system"] for o in drug["other_roles"]] == ["2.16.840.1.113883.3.989.5.1.2.1.1.8"]
    assert [o["code"] for o in drug["other_additional"]] == ["11"]
    assert row["weight_kg"] is None, "7 of the NCI's list is no weight"


def test_what_the_fdas_messages_tell_around_the_case_is_kept(shared):
    folder = shared / "data" / "e2b"
    of = {n: rows((folder / f"FAERS2022Scenario{n}.xml").read_bytes())[0] for n in ("1", "2", "3", "5-3", "6")}
    assert [r["code"] for r in json.loads(of["1"]["races"])] == ["C41260", "C41219"]
    assert (of["1"]["reporter_comments"], of["1"]["sender_comments"]) == ("Repoeter Comments", "Sender Comments")
    assert (of["3"]["study_name"], of["3"]["study_number"]) == ("Study ID$Abbreviated Trial Name", "CT-00-00")
    assert json.loads(of["3"]["study_registrations"])[0]["number"] == "STUDY-US-001"
    condition = json.loads(of["6"]["medical_history"])[0]
    assert (condition["code"], condition["is_family"], condition["comments"]) == ("10061122", "true", "Comment")
    assert json.loads(of["6"]["drug_history"])[0]["reaction"] == "10067994"
    (device,) = json.loads(of["2"]["drugs"])[0]["devices"]
    assert (device["brand"], device["malfunction"], device["problems"]) == ("Brand Name", "true", ["4001", "3003"])
    roles = [(d["name"], d["role"]) for d in json.loads(of["5-3"]["drugs"])]
    assert roles == [("Drug Z (No drug exposure)", "4"), ("Drug X", "1"), ("Drug A", "2")], (
        "two share an identifier: the order tells them apart"
    )


@pytest.mark.spark
def test_what_is_told_around_a_case_has_tables_of_its_own(spark, shared):
    folder = shared / "data" / "e2b"
    files = {n: (folder / f"FAERS2022Scenario{n}.xml").read_bytes() for n in ("2", "6")}
    tables = frame(spark, *((D(2024, 1, int(n)), data) for n, data in files.items()))
    background = conform.report_background(tables).collect()
    assert {"family_condition", "past_drug", "race", "study", "diagnosis"} <= {b["kind"] for b in background}
    drug = next(b for b in background if b["reported_name"] == "ACCURETIC")
    assert (drug["start_date"], drug["indication_code"], drug["reaction_code"]) == (
        D(2009, 1, 1),
        "10028094",
        "10067994",
    )
    devices = conform.report_device(tables).collect()
    assert {(d["brand_name"], d["product_seq"], d["is_malfunction"]) for d in devices} == {("Brand Name", 1, True)}
    assert all(n["reporter_comments"] for n in conform.report_narrative(tables).collect())
    tables = frame(spark, (D(2024, 3, 31), extended(said())))
    assert [p["role"] for p in conform.product_as_reported(tables).collect()] == ["not_administered"]
