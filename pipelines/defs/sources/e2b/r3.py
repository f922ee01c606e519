"""One R3 message to values: the elements of the ICH data dictionary by their numbers. Pure: an element in, values out.

Source: ICH E2B(R3) implementation guide, appendix I (B), reference instances; the XPaths of the element dictionary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipelines.defs.sources.e2b import background
from pipelines.defs.sources.e2b.elements import (
    CODE,
    EFFECTIVE,
    HIGH,
    ICH,
    LOW,
    MEDDRA,
    VALUE,
    Values,
    coded,
    said,
    words,
)
from pipelines.files.xml import HL7, hl7

if TYPE_CHECKING:
    from lxml.etree import _Element

ROLES, ADDITIONAL, SEXES = ICH + "13", ICH + "17", "1.0.5218"
SERIOUS = {"34": "death", "21": "life_threatening", "33": "hospitalisation", "35": "disability"}
SERIOUS |= {"12": "congenital_anomaly", "26": "other"}


OBSERVATION = hl7("observation")
PRODUCT = hl7("consumable", "instanceOfKind", "kindOfProduct")
LOT = hl7("consumable", "instanceOfKind", "productInstanceInstance", "lotNumberText")
FORM = hl7("consumable", "instanceOfKind", "kindOfProduct", "formCode")
APPROVAL = hl7("asManufacturedProduct", "subjectOf", "approval")
USED = hl7("subject2", "productUseReference", "id")
AUTHOR = hl7("subjectOf2", "controlActEvent", "author", "assignedEntity")


def message(root: _Element) -> Values:
    """Values of one `PORR_IN049016UV`, by the names of the bronze columns; lists where something repeats."""
    found: Values = {
        "format": "R3",
        "message_number": said(root.find(_ID), "extension"),
        "message_created": said(root.find(_CREATED)),
        "message_receiver": said(root.find(_RECEIVER), "extension"),
        "message_sender": said(root.find(_SENDER), "extension"),
        "created": said(root.find(_CONTROL_TIME)),
        "other_case_ids": [],
        "linked_reports": [],
        "reporters": [],
        "reactions": [],
        "tests": [],
        "drugs": [],
    }
    case = root.find(_CASE)
    if case is None:
        return found
    for child in case:
        part = _PARTS.get(child.tag)
        if part is not None:
            part(child, found)
    return found


_ID, _CREATED = hl7("id"), hl7("creationTime")
_RECEIVER, _SENDER = hl7("receiver", "device", "id"), hl7("sender", "device", "id")
_CONTROL_TIME = hl7("controlActProcess", "effectiveTime")
_CASE = hl7("controlActProcess", "subject", "investigationEvent")


def _case_id(element: _Element, found: Values) -> None:
    name = {"1": "safety_report_id", "2": "worldwide_id"}.get((element.get("root") or "").rpartition(".")[2])
    if name:
        found[name] = said(element, "extension")


def _narrative(element: _Element, found: Values) -> None:
    found["narrative"] = words(element)


def _first_received(element: _Element, found: Values) -> None:
    found["first_received"] = said(element.find(LOW))


def _most_recent(element: _Element, found: Values) -> None:
    found["most_recent"] = said(element)


def _component(element: _Element, found: Values) -> None:
    for child in element:
        if child.tag == HL7 + "adverseEventAssessment":
            _assessment(child, found)
        elif child.tag == HL7 + "observationEvent" and coded(child.find(CODE)) == "23":
            found["is_expedited"] = said(child.find(VALUE))


def _sender(element: _Element, found: Values) -> None:
    """The sender of the case, or an earlier number of it."""
    event = element.find(hl7("controlActEvent"))
    if event is None:
        return
    number, author = event.find(_ID), event.find(hl7("author", "assignedEntity"))
    if number is not None:
        source = number.get("assigningAuthorityName")
        found["other_case_ids"].append({"source": source, "id": said(number, "extension")})
    elif author is not None:
        found["sender_type"] = coded(author.find(CODE))
        names = list(author.iter(HL7 + "representedOrganization"))
        found["sender_organisation"] = words(names[-1].find(hl7("name"))) if names else None


def _characteristic(element: _Element, found: Values) -> None:
    told = element.find(hl7("investigationCharacteristic"))
    if told is None:
        return
    code, value = coded(told.find(CODE)), told.find(VALUE)
    if code == "1":
        found["report_type"] = coded(value)
    elif code == "2":
        found["has_other_case_ids"] = said(value)
    elif code == "3":
        found["nullification"] = coded(value)


def _related(element: _Element, found: Values) -> None:
    """A primary source, or a linked report."""
    related = element.find(hl7("relatedInvestigation"))
    if related is None:
        return
    kind = coded(related.find(CODE))
    if kind == "2":
        person = related.find(AUTHOR)
        place = (
            person.find(hl7("assignedPerson", "asLocatedEntity", "location", "code")) if person is not None else None
        )
        trade = person.find(hl7("assignedPerson", "asQualifiedEntity", "code")) if person is not None else None
        primary = element.find(hl7("priorityNumber"))
        found["reporters"].append(
            {
                "country": said(place, "code"),
                "qualification": coded(trade),
                "is_primary": said(primary) == "1",
            }
        )
    elif kind != "1":
        number = related.find(hl7("subjectOf2", "controlActEvent", "id"))
        if number is not None:
            found["linked_reports"].append(said(number, "extension"))


def _assessment(element: _Element, found: Values) -> None:
    role = element.find(hl7("subject1", "primaryRole"))
    if role is not None:
        _person(role, found)
    by_id = {d["id"]: d for d in found["drugs"] if d.get("id")}
    in_order = []
    for assessment in element.iterfind(hl7("component", "causalityAssessment")):
        code, value = coded(assessment.find(CODE)), assessment.find(VALUE)
        used = said(assessment.find(USED), "root") or ""
        role = coded(value, ROLES) if code == "20" else None
        if role:
            in_order.append((used, role))
        drug = by_id.get(used)
        if drug is None:
            continue
        if role:
            drug["role"] = role
        elif code == "20" and value is not None:
            drug.setdefault("other_roles", []).append(background.coded_elsewhere(value))
        elif code == "39" and (result := words(value) or said(value)):
            drug.setdefault("causality", []).append(result)
    is_told_apart = len(by_id) == len(found["drugs"]) and all(used in by_id for used, _ in in_order)
    if not is_told_apart and len(in_order) == len(
        found["drugs"]
    ):  # senders whose identifiers do not fit keep the order
        for drug, (_, role) in zip(found["drugs"], in_order, strict=True):
            drug["role"] = role
    background.comments(element, found)


def _person(role: _Element, found: Values) -> None:
    player = role.find(hl7("player1"))
    if player is not None:
        found["sex"] = coded(player.find(hl7("administrativeGenderCode")), SEXES)
        found["death_date"] = said(player.find(hl7("deceasedTime")))
        found["patient"] = words(player.find(hl7("name")))
    background.study(role.find(hl7("subjectOf1", "researchStudy")), found)
    for subject in role.iterfind(hl7("subjectOf2")):
        observation = subject.find(OBSERVATION)
        if observation is not None:
            _observed(observation, found)
            continue
        organizer = subject.find(hl7("organizer"))
        kind = coded(organizer.find(CODE)) if organizer is not None else None
        if organizer is not None and kind == "4":
            for administration in organizer.iterfind(hl7("component", "substanceAdministration")):
                found["drugs"].append(_drug(administration))
        elif organizer is not None and kind == "3":
            found["tests"] += [_test(o) for o in organizer.iterfind(hl7("component", "observation"))]
        elif organizer is not None and kind == "1":
            background.conditions(organizer, found)
        elif organizer is not None and kind == "2":
            background.past_drugs(organizer, found)


def _observed(observation: _Element, found: Values) -> None:
    code, value = coded(observation.find(CODE)), observation.find(VALUE)
    if code is None:
        background.population_group(observation, found)
    elif code == "29":
        found["reactions"].append(_reaction(observation))
    elif code == "3":
        found["age"], found["age_unit"] = said(value), said(value, "unit")
    elif code == "4":
        found["age_group"] = coded(value)
    elif code == "7":
        found["weight_kg"] = said(value)
    elif code == "17":
        found["height_cm"] = said(value)


def _reaction(observation: _Element) -> Values:
    value = observation.find(VALUE)
    found: Values = {
        "code": coded(value, MEDDRA),
        "version": value.get("codeSystemVersion") if value is not None else None,
        "text": words(value.find(hl7("originalText"))) if value is not None else None,
        "country": said(observation.find(hl7("location", "locatedEntity", "locatedPlace", "code")), "code"),
    }
    time = observation.find(EFFECTIVE)
    if time is not None:
        low, high = next(time.iter(LOW), None), next(time.iter(HIGH), None)
        found["start"], found["end"] = said(low), said(high)
    for child in observation.iterfind(hl7("outboundRelationship2", "observation")):
        kind, told = coded(child.find(CODE)), child.find(VALUE)
        if kind in SERIOUS:
            found[SERIOUS[kind]] = said(told)
        elif kind == "30":
            found["translation"] = words(told)
        elif kind == "27":
            found["outcome"] = coded(told)
        elif kind == "37":
            found["highlighted"] = coded(told)
    return found


def _test(observation: _Element) -> Values:
    code, value = observation.find(CODE), observation.find(VALUE)
    return {
        "date": said(observation.find(EFFECTIVE)),
        "name": words(code.find(hl7("originalText"))) if code is not None else None,
        "code": coded(code, MEDDRA),
        "result": (said(value) or words(value) or said(next(value.iter(), None))) if value is not None else None,
        "unit": value.get("unit") if value is not None else None,
        "result_code": coded(observation.find(hl7("interpretationCode"))),
    }


def _drug(administration: _Element) -> Values:
    product = administration.find(PRODUCT)
    found: Values = {"id": said(administration.find(_ID), "root"), "substances": [], "doses": [], "indications": []}
    if product is not None:
        found["devices"] = background.devices(product)
        approval = product.find(APPROVAL)
        found["name"] = words(product.find(hl7("name")))
        found["code"] = said(product.find(CODE), "code")
        found["authorisation"] = said(approval.find(_ID), "extension") if approval is not None else None
        if approval is not None:
            place = approval.find(hl7("author", "territorialAuthority", "territory", "code"))
            found["authorisation_country"] = said(place, "code")
        for ingredient in product.iterfind(hl7("ingredient", "ingredientSubstance")):
            found["substances"].append(
                {"name": words(ingredient.find(hl7("name"))), "code": said(ingredient.find(CODE), "code")}
            )
    for child in administration:
        if child.tag == HL7 + "outboundRelationship2":
            dose, told = child.find(hl7("substanceAdministration")), child.find(OBSERVATION)
            if dose is not None:
                found["doses"].append(_dose(dose))
            elif told is not None:
                _of_drug(told, found)
        elif child.tag == HL7 + "inboundRelationship":
            act, told = child.find(hl7("act")), child.find(OBSERVATION)
            if act is not None:
                found["action"] = coded(act.find(CODE))
            elif told is not None and coded(told.find(CODE)) == "19":
                value = told.find(VALUE)
                found["indications"].append(
                    {
                        "text": words(value.find(hl7("originalText"))) if value is not None else None,
                        "code": coded(value, MEDDRA),
                        "version": value.get("codeSystemVersion") if value is not None else None,
                    }
                )
    return found


def _of_drug(told: _Element, found: Values) -> None:
    kind, value = coded(told.find(CODE)), told.find(VALUE)
    if kind == "31":
        found["recurrence"] = coded(value)
    elif kind == "9" and (code := coded(value, ADDITIONAL)):
        found.setdefault("additional", []).append(code)
    elif kind == "9" and value is not None:
        found.setdefault("other_additional", []).append(background.coded_elsewhere(value))


def _dose(dose: _Element) -> Values:
    time = dose.find(EFFECTIVE)
    route, quantity = dose.find(hl7("routeCode")), dose.find(hl7("doseQuantity"))
    return {
        "text": words(dose.find(hl7("text"))),
        "amount": said(quantity),
        "unit": quantity.get("unit") if quantity is not None else None,
        "start": said(next(time.iter(LOW), None)) if time is not None else None,
        "end": said(next(time.iter(HIGH), None)) if time is not None else None,
        "route": words(route.find(hl7("originalText"))) or said(route, "code") if route is not None else None,
        "batch": words(dose.find(LOT)),
        "form": said(dose.find(FORM), "code"),
    }


_PARTS = {
    HL7 + "id": _case_id,
    HL7 + "text": _narrative,
    HL7 + "effectiveTime": _first_received,
    HL7 + "availabilityTime": _most_recent,
    HL7 + "component": _component,
    HL7 + "subjectOf1": _sender,
    HL7 + "subjectOf2": _characteristic,
    HL7 + "outboundRelationship": _related,
}
