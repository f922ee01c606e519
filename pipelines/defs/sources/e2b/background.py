"""What an R3 message tells around the case: history, population group, study, devices, comments.

Source: ICH E2B(R3) implementation guide, C.5, D.7, D.8, H.2 to H.4; FDA regional elements D.11, D.12 and G.k.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.defs.sources.e2b.elements import CODE, EFFECTIVE, HIGH, LOW, MEDDRA, VALUE, Values, coded, said, words
from pipelines.files.xml import hl7

if TYPE_CHECKING:
    from lxml.etree import _Element

NCI = "2.16.840.1.113883.3.26.1.1"  # NCI Thesaurus, in which the FDA codes its own elements
COMMENTS = {"3": "reporter_comments", "1": "sender_comments"}
GROUPS = {"C17049": "races", "C16564": "ethnicities"}
DEVICE = {
    "C54026": "malfunction",
    "C54451": "problems",
    "C54592": "follow_up_types",
    "C54594": "remedial_actions",
    "C54595": "usage",
}
MANY = ("problems", "follow_up_types", "remedial_actions")
KIND = hl7("consumable", "instanceOfKind", "kindOfProduct")
MADE_BY = hl7("asManufacturedProduct", "manufacturerOrganization", "name")
TOLD_OF_DEVICE = hl7("asManufacturedProduct", "subjectOf", "characteristic")
DEVICE_LOT = hl7("instanceOfKind", "productInstanceInstance", "lotNumberText")
COUNTRY = hl7("author", "territorialAuthority", "governingPlace", "code")


def coded_elsewhere(value: _Element) -> Values:
    """A code of a region's list, with the list that it is of."""
    return {"code": value.get("code"), "system": value.get("codeSystem"), "text": value.get("displayName")}


def _related(observation: _Element, code: str, way: str = "outboundRelationship2") -> _Element | None:
    """Value of the observation of this code that hangs on another."""
    for child in observation.iterfind(hl7(way, "observation")):
        if coded(child.find(CODE)) == code:
            return child.find(VALUE)
    return None


def _period(element: _Element) -> Values:
    time = element.find(EFFECTIVE)
    low, high = (time.find(LOW), time.find(HIGH)) if time is not None else (None, None)
    return {"start": said(low), "end": said(high)}


def conditions(organizer: _Element, found: Values) -> None:
    """D.7: conditions, the text beside them, whether other therapies are told."""
    for observation in organizer.iterfind(hl7("component", "observation")):
        code, value = observation.find(CODE), observation.find(VALUE)
        kind = coded(code)
        if kind == "18":
            found["medical_history_text"] = words(value)
        elif kind == "11":
            found["has_concomitant_therapies"] = said(value)
        elif code is not None:
            found.setdefault("medical_history", []).append(
                {
                    "code": coded(code, MEDDRA),
                    "version": code.get("codeSystemVersion"),
                    "text": words(code.find(hl7("originalText"))) or code.get("displayName"),
                    **_period(observation),
                    "is_continuing": said(_related(observation, "13", "inboundRelationship")),
                    "comments": words(_related(observation, "10")),
                    "is_family": said(_related(observation, "38")),
                }
            )


def past_drugs(organizer: _Element, found: Values) -> None:
    """D.8: drugs taken before, why, and what they did."""
    for administration in organizer.iterfind(hl7("component", "substanceAdministration")):
        product = administration.find(KIND)
        reason, reaction = _related(administration, "19"), _related(administration, "29")
        found.setdefault("drug_history", []).append(
            {
                "name": words(product.find(hl7("name"))) if product is not None else None,
                "code": said(product.find(CODE), "code") if product is not None else None,
                **_period(administration),
                "indication": coded(reason, MEDDRA),
                "reaction": coded(reaction, MEDDRA),
                "version": next((e.get("codeSystemVersion") for e in (reason, reaction) if e is not None), None),
            }
        )


def population_group(observation: _Element, found: Values) -> None:
    """FDA.D.11 and D.12: race and ethnicity, in the words of the FDA's lists."""
    name = GROUPS.get(coded(observation.find(CODE), NCI) or "")
    value = observation.find(VALUE)
    if name and value is not None:
        told = coded_elsewhere(value) if value.get("code") else {"code": said(value, "code")}
        found.setdefault(name, []).append(told)


def study(element: _Element | None, found: Values) -> None:
    """C.5: name, sponsor's number, kind and registrations of the study."""
    if element is None:
        return
    found["study_type"] = coded(element.find(CODE))
    found["study_name"] = words(element.find(hl7("title")))
    found["study_number"] = said(element.find(hl7("id")), "extension")
    found["study_registrations"] = [
        {"number": said(number, "extension"), "of": number.get("root"), "country": said(r.find(COUNTRY), "code")}
        for r in element.iterfind(hl7("authorization", "studyRegistration"))
        if (number := r.find(hl7("id"))) is not None
    ]


def comments(assessment: _Element, found: Values) -> None:
    """H.2 to H.4: comments of the reporter and the sender, and the sender's diagnoses."""
    for event in assessment.iterfind(hl7("component1", "observationEvent")):
        code, value = coded(event.find(CODE)), event.find(VALUE)
        author = coded(event.find(hl7("author", "assignedEntity", "code")))
        if code == "10" and author in COMMENTS:
            found[COMMENTS[author]] = words(value)
        elif code == "15" and author == "1" and value is not None:
            diagnosis = {"code": coded(value, MEDDRA), "version": value.get("codeSystemVersion")}
            found.setdefault("sender_diagnoses", []).append(diagnosis)


def devices(product: _Element) -> list[Values]:
    """FDA.G.k.12: the devices that are parts of a product."""
    return [_device(part) for part in product.iterfind(hl7("part", "partProduct"))]


def _device(part: _Element) -> Values:
    names = [words(name) for name in part.iterfind(hl7("name"))]
    code = part.find(CODE)
    found: Values = {
        "code": said(code, "code"),
        "brand": names[0] if names else None,
        "common_name": names[1] if len(names) > 1 else code.get("displayName") if code is not None else None,
        "manufacturer": words(part.find(MADE_BY)),
        "lot": words(part.find(DEVICE_LOT)),
        **{name: [] for name in MANY},
    }
    for told in part.iterfind(TOLD_OF_DEVICE):
        kind, value = told.find(CODE), told.find(VALUE)
        name = DEVICE.get((kind.get("code") or "") if kind is not None else "")
        if name in MANY:
            found[name].append(said(value, "code"))
        elif name:
            found[name] = said(value) or said(value, "code")
    return found
