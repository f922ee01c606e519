"""One R2 report (`safetyreport`, SGML or XML) to the same values as R3.

Source: ICH E2B(R2) DTD 2.1; element numbers of R3 are used for the values that mean the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.formats.icsr import R2_AGE_UNITS, R2_SERIOUS, R2_YES

if TYPE_CHECKING:
    from lxml.etree import _Element

Values = dict[str, Any]


def report(root: _Element) -> Values:
    """Values of one `safetyreport`, its tags in lower case."""
    patient = root.find("patient")
    events: list[_Element] = [] if patient is None else list(patient.iterfind("reaction"))
    drugs: list[_Element] = [] if patient is None else list(patient.iterfind("drug"))
    flags = {name: _yes(_text(root, tag)) for name, tag in R2_SERIOUS.items()}
    of_all = {"country": _text(root, "occurcountry"), **flags}  # R2 says both once a report
    return {
        **_of_report(root),
        "reactions": [_reaction(event) | of_all for event in events],
        "drugs": [_drug(drug) for drug in drugs],
        **({} if patient is None else _of_patient(patient)),
    }


def _of_report(root: _Element) -> Values:
    """What a report says of itself: numbers, dates, who tells it, which study."""
    return {
        "format": "R2",
        "version": _text(root, "safetyreportversion"),
        "safety_report_id": _text(root, "safetyreportid"),
        "created": _text(root, "transmissiondate"),
        "report_type": _text(root, "reporttype"),
        "first_received": _text(root, "receivedate"),
        "most_recent": _text(root, "receiptdate"),
        "is_expedited": _yes(_text(root, "fulfillexpeditecriteria")),
        "worldwide_id": _text(root, "companynumb") or _text(root, "authoritynumb"),
        "other_case_ids": [
            {"source": _text(d, "duplicatesource"), "id": _text(d, "duplicatenumb")}
            for d in root.iterfind("reportduplicate")
        ],
        "linked_reports": [_text(e, "linkreportnumb") for e in root.iterfind("linkedreport")],
        "nullification": "1" if _text(root, "casenullification") == "1" else None,
        "reporters": [
            {
                "country": _text(e, "reportercountry"),
                "qualification": _text(e, "qualification"),
                "is_primary": i == 0,
            }
            for i, e in enumerate(root.iterfind("primarysource"))
        ],
        "sender_type": _text(root, "sender/sendertype"),
        "sender_organisation": _text(root, "sender/senderorganization"),
        "study_type": _text(root, "primarysource/observestudytype"),
        "study_name": _text(root, "primarysource/studyname"),
        "study_number": _text(root, "primarysource/sponsorstudynumb"),
    }


def _of_patient(patient: _Element) -> Values:
    """Who it happened to: age, sex, history, and what is told of it in words."""
    unit = _text(patient, "patientonsetageunit")
    return {
        "age": _text(patient, "patientonsetage"),
        "age_unit": R2_AGE_UNITS.get(unit or "", unit),
        "age_group": _text(patient, "patientagegroup"),
        "weight_kg": _text(patient, "patientweight"),
        "height_cm": _text(patient, "patientheight"),
        "sex": _text(patient, "patientsex"),
        "death_date": _text(patient, "patientdeath/patientdeathdate"),
        "narrative": _text(patient, "summary/narrativeincludeclinical"),
        "reporter_comments": _text(patient, "summary/reportercomment"),
        "sender_comments": _text(patient, "summary/sendercomment"),
        "medical_history_text": _text(patient, "patientmedicalhistorytext"),
        "medical_history": [
            {
                "text": _text(e, "patientepisodename"),
                "version": _text(e, "patientepisodenamemeddraversion"),
                "start": _text(e, "patientmedicalstartdate"),
                "end": _text(e, "patientmedicalenddate"),
                "is_continuing": _yes(_text(e, "patientmedicalcontinue")),
                "comments": _text(e, "patientmedicalcomment"),
            }
            for e in patient.iterfind("medicalhistoryepisode")
        ],
        "drug_history": [
            {
                "name": _text(e, "patientdrugname"),
                "start": _text(e, "patientdrugstartdate"),
                "end": _text(e, "patientdrugenddate"),
                "indication": _text(e, "patientdrugindication"),
                "reaction": _text(e, "patientdrugreaction"),
            }
            for e in patient.iterfind("patientpastdrugtherapy")
        ],
        "sender_diagnoses": [
            {"text": text, "version": _text(patient, "summary/senderdiagnosismeddraversion")}
            for text in [_text(patient, "summary/senderdiagnosis")]
            if text
        ],
    }


def _reaction(reaction: _Element) -> Values:
    """One event."""
    return {
        "text": _text(reaction, "primarysourcereaction"),
        "term": _text(reaction, "reactionmeddrapt") or _text(reaction, "reactionmeddrallt"),
        "version": _text(reaction, "reactionmeddraversionpt") or _text(reaction, "reactionmeddraversionllt"),
        "start": _text(reaction, "reactionstartdate"),
        "end": _text(reaction, "reactionenddate"),
        "outcome": _text(reaction, "reactionoutcome"),
    }


def _drug(drug: _Element) -> Values:
    """One product as it was given."""
    return {
        "role": _text(drug, "drugcharacterization"),
        "name": _text(drug, "medicinalproduct"),
        "substances": [
            {"name": _text(s, "activesubstancename"), "code": None} for s in drug.iterfind("activesubstance")
        ],
        "authorisation": _text(drug, "drugauthorizationnumb"),
        "authorisation_country": _text(drug, "drugauthorizationcountry"),
        "doses": [
            {
                "text": _text(drug, "drugdosagetext"),
                "amount": _text(drug, "drugstructuredosagenumb"),
                "unit": _text(drug, "drugstructuredosageunit"),
                "start": _text(drug, "drugstartdate"),
                "end": _text(drug, "drugenddate"),
                "route": _text(drug, "drugadministrationroute"),
                "batch": _text(drug, "drugbatchnumb"),
                "form": _text(drug, "drugdosageform"),
            }
        ],
        "indications": [
            {"text": text, "code": None, "version": None} for text in [_text(drug, "drugindication")] if text
        ],
        "action": _text(drug, "actiondrug"),
        "recurrence": _text(drug, "drugrecurreadministration"),
    }


def _text(at: _Element, path: str) -> str | None:
    """Text of the first element at a path; None where there is none, or nothing in it."""
    element = at.find(path)
    return (element.text or "").strip() or None if element is not None else None


def _yes(code: str | None) -> str | None:
    return R2_YES.get(code or "")
