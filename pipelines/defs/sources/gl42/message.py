"""One GL42 message to the values that openFDA publishes of it. Pure: an element in, values out.

Source: VICH GL42 (pharmacovigilance: data elements for submission of adverse event reports), VICH GL30 for the codes;
field names and wording of openFDA's animal and veterinary endpoint.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.files.xml import hl7

if TYPE_CHECKING:
    from lxml.etree import _Element

Values = dict[str, Any]
UNITS = {"a": "Year", "mo": "Month", "wk": "Week", "d": "Day", "h": "Hour", "min": "Minute", "s": "Second"}
UNITS |= {"kg": "Kilogram", "g": "Gram", "mg": "Milligram", "ug": "Microgram", "[lb_av]": "Pound"}
UNITS |= {"mL": "Milliliter", "ml": "Milliliter", "L": "Liter"}
OUTCOMES = {
    "C53279": "Ongoing",
    "C82467": "Recovered/Normal",
    "C49495": "Recovered with Sequela",
    "C28554": "Died",
    "C21115": "Euthanized",
    "C17998": "Outcome Unknown",
}
MASKED = "MSK"


CODE, VALUE, OBSERVATION = hl7("code"), hl7("value"), hl7("observation")
LOW, HIGH, NAME, ID = hl7("low"), hl7("high"), hl7("name"), hl7("id")
CASE = hl7("controlActProcess", "subject", "investigationEvent")
KIND, INSTANCE = hl7("kindOfProduct"), hl7("productInstanceInstance")
RELATION = hl7("outboundRelationship2", "observation")


def _get(element: _Element | None, attribute: str = "value") -> str | None:
    """Value of an attribute; None where it is missing, blank or masked."""
    value = element.get(attribute) if element is not None else None
    return value if value and value != MASKED else None


def _words(element: _Element | None) -> str | None:
    text = (element.text or "").strip() if element is not None else ""
    return text if text and text != MASKED else None


def _kept(values: Values) -> Values:
    return {name: value for name, value in values.items() if value is not None}


def message(root: _Element) -> Values:
    """Values of one `PORR_IN049006UV` under openFDA's names; those of the message itself begin with an underscore."""
    case = root.find(CASE)
    found: Values = {
        "_message_created": _get(root.find(hl7("creationTime"))),
        "_sent_date": None,
        "_narrative": None,
    }
    if case is None:
        return found
    found["_sent_date"] = _get(case.find(hl7("availabilityTime")))
    found["_narrative"] = _words(case.find(hl7("text")))
    number = _get(case.find(ID), "extension")
    found |= {"@id": number, "unique_aer_id_number": number}
    line = root.find(hl7("attentionLine", "value"))
    found["report_id"] = _words(line)
    _reporters(case, found)
    for element in case.iterfind(hl7("subjectOf2", "investigationCharacteristic")):
        code, value = _get(element.find(CODE), "code"), element.find(VALUE)
        if code == "T95004":
            found["type_of_information"] = _get(value, "displayName")
        elif code == "T95022":
            found["serious_ae"] = _get(value)
        elif code == "T95003":
            found["_type_of_submission"] = _get(value, "displayName")
    receiver = case.find(hl7("subjectOf1", "controlActEvent", "primaryInformationRecipient", "assignedEntity"))
    if receiver is not None:
        found["receiver"] = _receiver(receiver)
    role = case.find(hl7("component", "adverseEventAssessment", "subject1", "primaryRole"))
    if role is not None:
        _animals(role, found)
    return _kept(found)


def _reporters(case: _Element, found: Values) -> None:
    for related in case.iterfind(hl7("outboundRelationship")):
        investigation = related.find(hl7("relatedInvestigation"))
        if investigation is None or _get(investigation.find(CODE), "code") != "T95002":
            continue
        person = investigation.find(hl7("participation", "assignedEntity"))
        kind = _get(person.find(CODE), "displayName") if person is not None else None
        if _get(related.find(hl7("priorityNumber"))) == "1":
            found["primary_reporter"] = kind
            found["original_receive_date"] = _get(investigation.find(hl7("effectiveTime")))
            found["_reporter_country"] = _words(person.find(hl7("addr", "country"))) if person is not None else None
        else:
            found["secondary_reporter"] = kind


def _receiver(entity: _Element) -> Values:
    address = entity.find(hl7("addr"))

    def part(tag: str) -> str | None:
        return _words(address.find(hl7(tag))) if address is not None else None

    return _kept(
        {
            "organization": _words(entity.find(hl7("representedOrganization", "name"))),
            "street_address": part("streetAddressLine"),
            "city": part("city"),
            "state": part("state"),
            "postal_code": part("postalCode"),
            "country": part("country"),
        }
    )


def _animals(role: _Element, found: Values) -> None:
    animal: Values = {}
    player = role.find(hl7("player2"))
    if player is not None:
        animal["species"] = _get(player.find(CODE), "displayName")
        animal["gender"] = _get(player.find(hl7("administrativeGenderCode")), "displayName")
        animal["reproductive_status"] = _get(player.find(hl7("genderStatusCode")), "displayName")
        found["number_of_animals_treated"] = _get(player.find(hl7("quantity")))
    found |= {"animal": animal, "outcome": [], "drug": [], "reaction": []}
    for subject in role.iterfind(hl7("subjectOf2")):
        observation, administration = subject.find(OBSERVATION), subject.find(hl7("substanceAdministration"))
        if observation is not None:
            _observed(observation, animal, found)
        elif administration is not None:
            found["drug"].append(_drug(administration))
    found["animal"] = _kept(animal)
    for name in ("animal", "outcome", "drug", "reaction"):
        if not found[name]:
            del found[name]


def _observed(observation: _Element, animal: Values, found: Values) -> None:
    code, value = _get(observation.find(CODE), "code"), observation.find(VALUE)
    if code == "T95020":
        _reaction(observation, value, found)
    elif code in OUTCOMES:
        n = _get(value)
        if n not in (None, "0"):
            found["outcome"].append({"medical_status": OUTCOMES[code], "number_of_animals_affected": n})
    elif code == "T95005":
        found["number_of_animals_affected"] = _get(value)
    elif code == "T95010":
        animal["female_animal_physiological_status"] = _get(value, "displayName")
    elif code == "T95012":
        animal["age"] = _range(observation, value)
    elif code == "T95011":
        animal["weight"] = _range(observation, value)
    elif code == "T95007":
        _breed(observation, value, animal)
    elif code == "T95006":
        author = observation.find(hl7("author", "assignedEntity", "code"))
        health = {"condition": _get(value, "displayName"), "assessed_by": _get(author, "displayName")}
        found["health_assessment_prior_to_exposure"] = _kept(health) or None
    elif code == "T95021":
        found["time_between_exposure_and_onset"] = _get(value, "displayName")
    elif code == "T95023":
        found["treated_for_ae"] = _get(value)


def _range(observation: _Element, value: _Element | None) -> Values | None:
    if value is None:
        return None
    low, high = value.find(LOW), value.find(HIGH)
    unit = _get(low, "unit") or _get(high, "unit")
    found = {
        "min": _get(low),
        "max": _get(high),
        "unit": UNITS.get(unit or "", unit),
        "qualifier": _get(observation.find(hl7("methodCode")), "displayName"),
    }
    return _kept(found) or None


def _breed(observation: _Element, value: _Element | None, animal: Values) -> None:
    """Whether the animal is crossbred, and its breed, or its breeds."""
    crossed = _get(value)
    listed = [
        name
        for part in observation.iterfind(hl7("inboundRelationship", "observation", "value"))
        if (name := _get(part, "displayName"))
    ]
    if crossed is None and not listed:
        return
    animal["breed"] = _kept(
        {"is_crossbred": crossed, "breed_component": (listed[0] if len(listed) == 1 else listed) or None}
    )


def _reaction(observation: _Element, value: _Element | None, found: Values) -> None:
    time = observation.find(hl7("effectiveTime"))
    if time is not None and "onset_date" not in found:
        found["onset_date"] = _get(time.find(LOW))
        width = time.find(hl7("width"))
        unit = _get(width, "unit")
        if _get(width):
            found["duration"] = _kept({"value": _get(width), "unit": UNITS.get(unit or "", unit)})
    number = observation.find(hl7("referenceRange", "observationRange"))
    found["reaction"].append(
        _kept(
            {
                "veddra_version": _get(value, "codeSystemVersion"),
                "veddra_term_code": _get(value, "code"),
                "veddra_term_name": _get(value, "displayName"),
                "number_of_animals_affected": _get(number.find(VALUE)) if number is not None else None,
                "accuracy": _get(number.find(hl7("interpretationCode")), "displayName") if number is not None else None,
            }
        )
    )


def _quantity(numerator: _Element | None, denominator: _Element | None) -> Values | None:
    """A dose or a strength; a denominator that is no number is 0."""
    found = {
        "numerator": _get(numerator),
        "numerator_unit": _unit(numerator),
        "denominator": _number(_get(denominator)),
        "denominator_unit": _unit(denominator),
    }
    return _kept(found) or None


def _unit(quantity: _Element | None) -> str | None:
    translation = quantity.find(hl7("translation")) if quantity is not None else None
    name = _get(translation, "displayName")
    return UNITS.get(name or "", name)


def _number(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        float(text)
    except ValueError:
        return "0"
    return text


def _titled(name: str | None) -> str | None:
    return name.title() if name else None


def _drug(administration: _Element) -> Values:
    found: Values = {}
    period = None
    for time in administration.iterfind(hl7("effectiveTime", "comp")):
        found.setdefault("first_exposure_date", _get(time.find(LOW)))
        found.setdefault("last_exposure_date", _get(time.find(HIGH)))
        period = time.find(hl7("period")) if period is None else period
    if _get(period):
        unit = _get(period, "unit")
        found["frequency_of_administration"] = _kept({"value": _get(period), "unit": UNITS.get(unit or "", unit)})
    found["administered_by"] = _get(administration.find(hl7("performer", "assignedEntity", "code")), "displayName")
    found["route"] = _get(administration.find(hl7("routeCode")), "displayName")
    dose = administration.find(hl7("doseCheckQuantity"))
    if dose is not None:
        found["dose"] = _quantity(dose.find(hl7("numerator")), dose.find(hl7("denominator")))
    for observation in administration.iterfind(RELATION):
        _use(observation, found)
    held = administration.find(hl7("consumable", "instanceOfKind"))
    if held is not None:
        _product(held, found)
    return _kept(found)


USES = {
    "T95015": "used_according_to_label",
    "T95024": "previous_exposure_to_drug",
    "T95025": "previous_ae_to_drug",
    "T95026": "ae_abated_after_stopping_drug",
    "T95027": "ae_reappeared_after_resuming_drug",
}


def _use(observation: _Element, found: Values) -> None:
    code = _get(observation.find(CODE), "code")
    if code in USES:
        found[USES[code]] = _get(observation.find(VALUE))
    elif code == "T95016":
        ways = [
            name.strip()
            for way in observation.iterfind(RELATION)
            if _get(way.find(VALUE)) == "true" and (name := _get(way.find(CODE), "displayName"))
        ]
        if ways:
            found["off_label_use"] = ways[0] if len(ways) == 1 else ways


def _product(held: _Element, found: Values) -> None:
    batch, kind = held.find(INSTANCE), held.find(KIND)
    if batch is not None:
        found["manufacturing_date"] = _get(batch.find(hl7("existenceTime", "low")))
        found["lot_number"] = _words(batch.find(hl7("lotNumberText")))
        found["lot_expiration"] = _get(batch.find(hl7("expirationTime")))
    if kind is None:
        return
    found["product_ndc"] = _get(kind.find(CODE), "code")
    found["brand_name"] = _words(kind.find(NAME))
    found["dosage_form"] = _get(kind.find(hl7("formCode")), "displayName")
    made = kind.find(hl7("asManufacturedProduct"))
    if made is not None:
        number = made.find(hl7("subjectOf", "approval", "id"))
        maker = _words(made.find(hl7("manufacturerOrganization", "name")))
        found["manufacturer"] = _kept({"name": maker, "registration_number": _get(number, "extension")})
    for event in kind.iterfind(hl7("instanceOfKind", "subjectOf", "observationEvent")):
        name = {"T95017": "number_of_defective_items", "T95018": "number_of_items_returned"}.get(
            _get(event.find(CODE), "code") or ""
        )
        if name:
            found[name] = _get(event.find(VALUE))
    for general in kind.iterfind(hl7("asSpecializedKind", "generalizedMaterialKind")):
        if _get(general.find(CODE), "code") == "T95013":
            found["atc_vet_code"] = _words(general.find(NAME))
    ingredients = [_ingredient(i) for i in kind.iterfind(hl7("ingredient"))]
    if any(ingredients):
        found["active_ingredients"] = [i for i in ingredients if i]


def _ingredient(ingredient: _Element) -> Values:
    quantity = ingredient.find(hl7("quantity"))
    dose = None
    if quantity is not None:
        dose = _quantity(quantity.find(hl7("numerator")), quantity.find(hl7("denominator")))
    name = _titled(_words(ingredient.find(hl7("ingredientSubstance", "name"))))
    return _kept({"name": name, "dose": dose})
