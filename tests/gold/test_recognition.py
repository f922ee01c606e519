"""What acts are about, when authorities recognised it, and shortages as episodes: later deliveries add and move nothing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.gold.recognition.build import recognition
from pipelines.defs.gold.regulatory_timeline.build import regulatory_timeline
from pipelines.defs.gold.shortage_episode.build import shortage_episode, shortage_month, shortage_year
from pipelines.defs.silver.product.tables import Product, Shortage
from pipelines.defs.silver.regulatory_event.reactions import attempts
from pipelines.defs.silver.regulatory_event.subjects import regulatory_event_subject
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEvent, RegulatoryEventSubject
from pipelines.defs.silver.substance.tables import Substance, SubstanceName
from pipelines.defs.silver.term.tables import Term
from tests.rows import frame

D = dt.date
FIRST, LATER = D(2024, 6, 1), D(2025, 6, 1)


def test_a_reaction_is_looked_up_whole_then_without_its_lead_then_in_parts():
    assert attempts("Increased risk of Neutropenia, febrile neutropenia") == [
        ["increased risk of neutropenia, febrile neutropenia"],
        ["neutropenia, febrile neutropenia"],
        ["neutropenia", "febrile neutropenia"],
    ]
    assert attempts("Meningioma") == [["meningioma"]]
    assert attempts("") == []


@given(st.text(max_size=40))
def test_no_attempt_is_empty_and_none_is_made_twice(text):
    found = attempts(text)
    assert all(found) and all(all(pieces) for pieces in found)
    assert len({tuple(a) for a in found}) == len(found)


def act(kind: str, day: dt.date, **told) -> dict:
    usual = {"source": "prac_signals", "event_id": f"{kind} {day}", "authority": "PRAC", "domain": "human"}
    usual |= {"act_kind": kind, "act_date": day, "known_from": day, "valid_from": FIRST, "is_current": True}
    return usual | told


def discussed(day: dt.date, substance: str, term: str, *, is_action: bool | None = None, **told) -> dict:
    return act("signal_discussed", day, substances=[substance], terms=[term], is_action=is_action, **told)


def tables(spark, acts: list[dict]) -> dict:
    names = [("DESOGESTREL", "D1", "preferred"), ("VALPROATE", "V1", "preferred"), ("DUAL", "D1", "brand")]
    names += [("DUAL", "V1", "brand")]
    terms = [("preferred_term:RASH", "Rash", "preferred_term"), ("preferred_term:ITCH", "Itch", "preferred_term")]
    terms += [("veddra:1", "Rash", "veddra"), ("preferred_term:OEDEMA", "Oedema", "preferred_term")]
    found = {
        RegulatoryEvent: acts,
        SubstanceName: [{"normalised_name": n, "substance_key": k, "kind": kind} for n, k, kind in names],
        Term: [{"term_key": k, "term_name": n, "dictionary": d} for k, n, d in terms],
        Substance: [
            {"substance_key": "D1", "substance_name": "DESOGESTREL", "atc_codes": ["G03AC09"]},
            {"substance_key": "V1", "substance_name": "VALPROATE", "atc_codes": ["N03AG01"]},
        ],
    }
    lake = {table.address(): frame(spark, table, rows) for table, rows in found.items()}
    lake[RegulatoryEventSubject.address()] = regulatory_event_subject(lake)
    return lake


@pytest.mark.spark
def test_every_printed_name_and_reaction_stands_coded_or_as_not_coded(spark):
    acts = [
        discussed(D(2024, 1, 5), "Desogestrel; x", "Increased risk of itch and edema (swelling)", event_id="a"),
        act("product_information_change", D(2024, 2, 1), products=["DUAL 5 mg tablets"], event_id="b"),
        act("direct_healthcare_communication", D(2024, 3, 1), domain="veterinary", substances=["valproate"],
            terms=["Rash"], species=["Cattle", "Horses"], event_id="c"),
        act("signal_discussed", D(2024, 4, 1), substances=["Nonsuch"], terms=["Nonsuch disease"], event_id="d"),
    ]  # fmt: skip
    rows = tables(spark, acts)["silver.regulatory_event_subject"].collect()
    by_act = {e: [r for r in rows if r["event_id"] == e] for e in "abcd"}
    assert all(r["substance_key"] is None and r["substance_method"] == "uncoded" for r in by_act["a"]), "x is unknown"
    assert {r["term_key"] for r in by_act["a"]} == {"preferred_term:ITCH", "preferred_term:OEDEMA"}
    assert {r["term_method"] for r in by_act["a"]} == {"part"}
    assert {(r["substance_key"], r["substance_method"], r["term_method"]) for r in by_act["b"]} == {
        ("D1", "brand", None),
        ("V1", "brand", None),
    }
    assert {(r["species"], r["term_key"]) for r in by_act["c"]} == {("Cattle", "veddra:1"), ("Horses", "veddra:1")}
    (nothing,) = by_act["d"]
    assert (nothing["substance_method"], nothing["term_method"], nothing["subject_seq"]) == ("uncoded", "uncoded", 1)


@pytest.mark.spark
def test_a_later_delivery_adds_pairs_and_moves_no_date(spark):
    before = [discussed(D(2024, 1, 5), "Desogestrel", "Rash", known_from=D(2024, 2, 1))]
    later = {"valid_from": LATER, "known_from": LATER}
    after = [
        discussed(D(2023, 1, 1), "Desogestrel", "Rash", **later | {"known_from": D(2023, 2, 1)}),
        act(
            "signal_recommendation", D(2024, 9, 1), substances=["Desogestrel"], terms=["Rash"], is_action=True, **later
        ),
        discussed(D(2024, 1, 5), "Desogestrel", "Rash", known_from=D(2024, 2, 1), valid_from=LATER),
        discussed(D(2024, 8, 1), "Valproate", "Itch", is_action=False, **later),
    ]
    pairs = [
        {(r["substance_key"], r["term_key"]): r for r in recognition(tables(spark, acts)).collect()}
        for acts in (before, before + after)
    ]
    first, second = (p["D1", "preferred_term:RASH"] for p in pairs)
    assert (first["opened_date"], first["public_from"], first["outcome"]) == (D(2024, 1, 5), D(2024, 2, 1), "open")
    for column in ("opened_date", "opened_known_from", "public_from"):
        assert first[column] == second[column], column
    assert (second["acted_date"], second["acted_known_from"], second["outcome"]) == (D(2024, 9, 1), LATER, "acted")
    negative = pairs[1]["V1", "preferred_term:ITCH"]
    assert (negative["outcome"], negative["negative_until"], negative["acted_date"]) == ("no_action", LATER, None)


@pytest.mark.spark
def test_a_class_dates_each_of_its_members_and_says_so(spark):
    acts = [discussed(D(2024, 1, 5), "Progestogens", "Rash")]
    (row,) = recognition(tables(spark, acts)).collect()
    assert (row["substance_key"], row["basis"], row["opened_date"]) == ("D1", "class", D(2024, 1, 5))


@pytest.mark.spark
def test_a_procedure_shows_its_steps_and_a_fault_of_the_register_stays(spark):
    told = {"event_id": "one", "dated_by": "act", "source": "ema_outputs"}
    acts = [
        act("referral_start", D(2024, 1, 1), **told),
        act("prac_recommendation", D(2024, 7, 1), **told),
        act("commission_decision", D(2025, 1, 1), **told),
        act("committee_opinion", D(2025, 3, 1), **told),
        act("referral_start", D(2020, 1, 1), **told | {"event_id": "two", "dated_by": "publication"}),
    ]
    rows = {
        r["event_id"]: r
        for r in regulatory_timeline({"silver.regulatory_event": frame(spark, RegulatoryEvent, acts)}).collect()
    }
    one, two = rows["one"], rows["two"]
    assert (one["days_to_recommendation"], one["days_to_decision"], one["is_out_of_order"]) == (182, -59, True)
    assert (one["days_in_all"], two["start_date"], two["is_out_of_order"]) == (425, None, False)


def notice(
    product: str, status: str, start: dt.date | None, since: dt.date, until: dt.date | None = None, **told
) -> dict:
    usual = {
        "source": "bdpm",
        "country": "FR",
        "product_key": product,
        "pack_key": "",
        "notice_id": "",
        "notice_seq": 1,
    }
    usual |= {"episode_key": f"{product} 1", "status": status, "start_date": start, "valid_from": since}
    return usual | {"valid_to": until, "is_current": until is None} | told


@pytest.fixture(scope="module")
def short(spark):
    shortages = [
        notice("CIS:1", "tension", D(2023, 12, 1), D(2024, 1, 1), D(2024, 2, 1)),
        notice("CIS:1", "shortage", D(2024, 1, 20), D(2024, 2, 1), D(2024, 3, 1)),
        notice("CIS:1", "resupplied", D(2024, 2, 20), D(2024, 3, 1), resupply_date=D(2024, 2, 20)),
        notice("CIS:1", "tension", D(2024, 2, 1), D(2024, 3, 1), pack_key="P", episode_key="CIS:1 P"),
        notice("CIS:2", "shortage", None, D(2024, 1, 1), D(2024, 2, 1)),
        notice("CIS:3", "avoided", D(2024, 5, 1), D(2024, 1, 1)),
    ]
    products = [
        {"source": "bdpm", "product_key": f"CIS:{n}", "product_name": f"P{n}", "valid_from": D(2024, 2, 15)}
        | {"atc_codes": ["A"] if n < 5 else None, "is_current": True}
        for n in (1, 4, 5)
    ]
    lake = {"silver.shortage": frame(spark, Shortage, shortages), "silver.product": frame(spark, Product, products)}
    lake["gold.shortage_episode"] = shortage_episode(lake)
    return lake


@pytest.mark.spark
def test_an_episode_has_the_first_start_told_and_the_end_that_versions_tell(short):
    rows = {r["episode_key"]: r for r in short["gold.shortage_episode"].collect()}
    one, pack, gone, avoided = (rows[k] for k in ("CIS:1 1", "CIS:1 P", "CIS:2 1", "CIS:3 1"))
    assert (one["began_date"], one["ended_date"], one["end_basis"], one["days"]) == (
        D(2023, 12, 1),
        D(2024, 2, 20),
        "resupplied",
        81,
    )
    assert (one["n_starts"], one["n_versions"], one["product_name"], one["is_major_interest"]) == (3, 3, "P1", True)
    assert (pack["end_basis"], pack["ended_date"], pack["days"]) == ("open", None, None)
    assert (gone["began_date"], gone["ended_date"], gone["end_basis"], gone["days"]) == (
        D(2024, 1, 1),
        D(2024, 2, 1),
        "vanished",
        31,
    )
    assert (avoided["end_basis"], avoided["days"]) == ("avoided", None)


@pytest.mark.spark
def test_days_short_are_the_union_of_episodes_and_month_ends_say_the_share(short):
    years = {(r["product_key"], r["year"]): r["n_days"] for r in shortage_year(short).collect()}
    assert years == {("CIS:1", 2023): 31, ("CIS:1", 2024): 60, ("CIS:2", 2024): 31}
    months = {r["month"]: r for r in shortage_month(short).collect()}
    january, february = months[D(2024, 1, 31)], months[D(2024, 2, 29)]
    assert (january["n_short"], january["share_major_short"]) == (2, None)
    assert (february["n_short"], february["n_major_short"], february["n_major"]) == (1, 1, 2)
    assert february["share_major_short"] == 0.5
    assert max(months) == D(2024, 2, 29), "nothing is known after the last delivery"
