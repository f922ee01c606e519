"""E2B(R3) batches of the simulated country, one a month: follow-ups, nullifications, and two messages that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.vocabulary import meddra_codes
from pipelines.simulator.world import World

KEY = ["case_no", "version"]
OID = "2.16.840.1.113883.3.989.2.1."
QUALIFICATIONS = {"physician": "1", "pharmacist": "2", "consumer": "5", "other": "3"}
SERIOUS = {"DE": "34", "LT": "21", "HO": "33", "DS": "35", "OT": "26"}
ROLES = {"PS": "1", "SS": "1", "C": "2"}
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<MCCI_IN200100UV01 xmlns="urn:hl7-org:v3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ITSVersion="XML_1.0">\n'
    '<id extension={batch} root="' + OID + '3.22"/>\n<creationTime value="{time}"/>\n<responseModeCode code="D"/>\n'
    '<interactionId extension="MCCI_IN200100UV01" root="2.16.840.1.113883.1.6"/>\n'
    '<name code="1" codeSystem="' + OID + '1.1"/>\n'
)
TAIL = (
    f'<receiver typeCode="RCV"><device classCode="DEV" determinerCode="INSTANCE"><id extension="ANSM" '
    f'root="{OID}3.14"/></device></receiver>\n<sender typeCode="SND"><device classCode="DEV" '
    f'determinerCode="INSTANCE"><id extension="SIMPHARMA" root="{OID}3.13"/></device></sender>\n</MCCI_IN200100UV01>\n'
)
NO_END = '<PORR_IN049016UV><id extension="broken" root="x"/>\n'


def write(world: World, out: Path) -> None:
    """Write `e2b/batch_<last day of the month>.xml`; each ends in a message without end."""
    states = _states(world)
    for (month,), part in states.group_by([pl.col("received_date").dt.month_end()], maintain_order=True):
        name = f"batch_{month}.xml"
        head = HEAD.format(batch=quoteattr(name), time=f"{month:%Y%m%d}")
        body = [message(row) for row in part.iter_rows(named=True)]
        put(out / "e2b" / name, (head + "\n".join(body) + "\n" + NO_END + TAIL).encode())


def _states(world: World) -> pl.DataFrame:
    """Everything that is sent, a row a message, in the order of its receipt; withdrawn cases come a last time."""
    sent = world.through("e2b")
    terms = meddra_codes(world.terms).select("term_no", text="human_pt", code="llt_meddra")
    events = sent.events.join(terms, on="term_no", maintain_order="left")
    events = events.group_by(KEY, maintain_order=True).agg(events=pl.struct("text", "code"))
    substance = {r["substance_no"]: r["name"] for r in world.substances.iter_rows(named=True)}
    names = pl.DataFrame(
        [(p["product_no"], p["brand"], [substance[s] for s in p["substance_nos"]]) for p in _rows(world)],
        schema=["product_no", "name", "substances"],
        orient="row",
    )
    named = sent.products.join(names, on="product_no", maintain_order="left").group_by(KEY, maintain_order=True)
    products = named.agg(products=pl.struct("seq", "role", "name", "substances", "batch"))
    cases = sent.cases.join(events, on=KEY, maintain_order="left").join(products, on=KEY, maintain_order="left")
    cases = cases.with_columns(is_nullified=pl.lit(False))
    last = cases.sort(KEY).group_by("case_no", maintain_order=True).last()
    gone = last.filter(pl.col("retracted_date").is_not_null()).with_columns(
        received_date=pl.max_horizontal("retracted_date", "received_date"), is_nullified=pl.lit(True)
    )
    return pl.concat([cases, gone.select(cases.columns)]).sort("received_date", "case_no", "version")


def _rows(world: World) -> list[dict[str, Any]]:
    return list(world.human_products.iter_rows(named=True))


def message(row: dict[str, Any]) -> str:
    """One message; every 501st case has no primary source, which a rule rejects."""
    number = f"{row['case_no']}-{row['version']}{'n' if row['is_nullified'] else ''}"
    day, first = f"{row['received_date']:%Y%m%d}", f"{row['first_received_date']:%Y%m%d}"
    nullified = _characteristic("3", "CE", f'code="1" codeSystem="{OID}1.5"') if row["is_nullified"] else ""
    primary = "" if row["case_no"] % 501 == 7 else '<priorityNumber value="1"/>'
    text = escape(f"A person took {row['products'][0]['name']} and told of {row['events'][0]['text']}.")
    qualification = QUALIFICATIONS.get(row["reporter"] or "", "3")
    return (
        f'<PORR_IN049016UV><id extension="{number}" root="{OID}3.1"/><creationTime value="{day}101500+0100"/>'
        f'<interactionId extension="PORR_IN049016UV" root="2.16.840.1.113883.1.6"/>'
        f'<receiver typeCode="RCV"><device><id extension="ANSM" root="{OID}3.12"/></device></receiver>'
        f'<sender typeCode="SND"><device><id extension="SIMPHARMA" root="{OID}3.11"/></device></sender>'
        f'<controlActProcess><effectiveTime value="{day}101500+0100"/><subject><investigationEvent>'
        f'<id extension={quoteattr("SIM-" + str(row["case_no"]))} root="{OID}3.1"/>'
        f'<id extension={quoteattr(row["worldwide_no"])} root="{OID}3.2"/><text>{text}</text>'
        f'<effectiveTime><low value="{first}"/></effectiveTime><availabilityTime value="{day}"/>'
        f"<component><adverseEventAssessment><subject1><primaryRole>{_person(row)}{_events(row)}"
        f'<subjectOf2><organizer><code code="4" codeSystem="{OID}1.20"/>{_drugs(row)}</organizer></subjectOf2>'
        f"</primaryRole></subject1>{_roles(row)}</adverseEventAssessment></component>"
        f'<component><observationEvent><code code="23" codeSystem="{OID}1.19"/><value xsi:type="BL" value="true"/>'
        f"</observationEvent></component><outboundRelationship>{primary}<relatedInvestigation>"
        f'<code code="2" codeSystem="{OID}1.22"/><subjectOf2><controlActEvent><author><assignedEntity>'
        f'<assignedPerson><asQualifiedEntity><code code="{qualification}"/></asQualifiedEntity><asLocatedEntity>'
        f'<location><code code="{row["country"] or "FR"}"/></location></asLocatedEntity></assignedPerson>'
        f"</assignedEntity></author></controlActEvent></subjectOf2></relatedInvestigation></outboundRelationship>"
        f'<subjectOf1><controlActEvent><author><assignedEntity><code code="1"/><representedOrganization>'
        f"<name>SIMULATED PHARMA</name></representedOrganization></assignedEntity></author></controlActEvent>"
        f"</subjectOf1>{_characteristic('1', 'CE', 'code=' + chr(34) + '1' + chr(34))}{nullified}"
        f"</investigationEvent></subject></controlActProcess></PORR_IN049016UV>"
    )


def _characteristic(code: str, kind: str, value: str) -> str:
    return (
        f'<subjectOf2><investigationCharacteristic><code code="{code}" codeSystem="{OID}1.23"/>'
        f'<value xsi:type="{kind}" {value}/></investigationCharacteristic></subjectOf2>'
    )


def _observation(code: str, value: str) -> str:
    return f'<subjectOf2><observation><code code="{code}" codeSystem="{OID}1.19"/>{value}</observation></subjectOf2>'


def _person(row: dict[str, Any]) -> str:
    sex = {"male": "1", "female": "2"}.get(row["sex"] or "")
    told = f'code="{sex}"' if sex else 'nullFlavor="UNK"'
    parts = [f'<player1><name nullFlavor="MSK"/><administrativeGenderCode {told} codeSystem="1.0.5218"/></player1>']
    if row["age_years"] is not None:
        parts.append(_observation("3", f'<value xsi:type="PQ" value="{row["age_years"]:g}" unit="a"/>'))
    if row["weight_kg"] is not None:
        parts.append(_observation("7", f'<value xsi:type="PQ" value="{row["weight_kg"]:g}" unit="kg"/>'))
    return "".join(parts)


def _events(row: dict[str, Any]) -> str:
    length = {"day": 8, "month": 6, "year": 4}[row["onset_precision"]]
    onset = f"{row['onset_date']:%Y%m%d}"[:length] if row["onset_date"] else None
    time = f'<effectiveTime xsi:type="IVL_TS"><low value="{onset}"/></effectiveTime>' if onset else ""
    flags = "".join(
        f'<outboundRelationship2><observation><code code="{code}" codeSystem="{OID}1.19"/><value xsi:type="BL" '
        f'{"value=" + chr(34) + "true" if row["outcome"] == outcome else "nullFlavor=" + chr(34) + "NI"}"/>'
        f"</observation></outboundRelationship2>"
        for outcome, code in SERIOUS.items()
    )
    return "".join(
        _observation(
            "29",
            f'{time}<value xsi:type="CE" code="{event["code"]}" codeSystem="2.16.840.1.113883.6.163" '
            f'codeSystemVersion="15.0"><originalText>{escape(event["text"])}</originalText></value>{flags}',
        )
        for event in row["events"]
    )


def _drugs(row: dict[str, Any]) -> str:
    return "".join(
        f'<component><substanceAdministration><id root="{row["case_no"]}-{p["seq"]}"/><consumable><instanceOfKind>'
        f"<kindOfProduct><name>{escape(p['name'])}</name>"
        + "".join(
            f"<ingredient><ingredientSubstance><name>{escape(s)}</name></ingredientSubstance></ingredient>"
            for s in p["substances"]
        )
        + "</kindOfProduct></instanceOfKind></consumable><outboundRelationship2><substanceAdministration>"
        f'<doseQuantity value="10" unit="mg"/><consumable><instanceOfKind><productInstanceInstance><lotNumberText>'
        f"{escape(p['batch'])}</lotNumberText></productInstanceInstance></instanceOfKind></consumable>"
        "</substanceAdministration></outboundRelationship2></substanceAdministration></component>"
        for p in row["products"]
    )


def _roles(row: dict[str, Any]) -> str:
    return "".join(
        f'<component><causalityAssessment><code code="20" codeSystem="{OID}1.19"/><value xsi:type="CE" '
        f'code="{ROLES[p["role"]]}"/><subject2><productUseReference><id root="{row["case_no"]}-{p["seq"]}"/>'
        f"</productUseReference></subject2></causalityAssessment></component>"
        for p in row["products"]
    )
