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

    def one(path: str, at: _Element = root) -> str | None:
        element = at.find(path)
        return (element.text or "").strip() or None if element is not None else None

    flags = {name: _yes(one(tag)) for name, tag in R2_SERIOUS.items()}
    other = [
        {"source": one("duplicatesource", d), "id": one("duplicatenumb", d)} for d in root.iterfind("reportduplicate")
    ]
    patient = root.find("patient")
    found: Values = {
        "format": "R2",
        "version": one("safetyreportversion"),
        "safety_report_id": one("safetyreportid"),
        "created": one("transmissiondate"),
        "report_type": one("reporttype"),
        "first_received": one("receivedate"),
        "most_recent": one("receiptdate"),
        "is_expedited": _yes(one("fulfillexpeditecriteria")),
        "worldwide_id": one("companynumb") or one("authoritynumb"),
        "other_case_ids": other,
        "linked_reports": [one("linkreportnumb", e) for e in root.iterfind("linkedreport")],
        "nullification": "1" if one("casenullification") == "1" else None,
        "reporters": [
            {
                "country": one("reportercountry", e),
                "qualification": one("qualification", e),
                "is_primary": i == 0,
            }
            for i, e in enumerate(root.iterfind("primarysource"))
        ],
        "sender_type": one("sender/sendertype"),
        "sender_organisation": one("sender/senderorganization"),
        "study_type": one("primarysource/observestudytype"),
        "study_name": one("primarysource/studyname"),
        "study_number": one("primarysource/sponsorstudynumb"),
        "reactions": [],
        "tests": [],
        "drugs": [],
    }
    if patient is None:
        return found
    unit = one("patientonsetageunit", patient)
    found |= {
        "age": one("patientonsetage", patient),
        "age_unit": R2_AGE_UNITS.get(unit or "", unit),
        "age_group": one("patientagegroup", patient),
        "weight_kg": one("patientweight", patient),
        "height_cm": one("patientheight", patient),
        "sex": one("patientsex", patient),
        "death_date": one("patientdeath/patientdeathdate", patient),
        "narrative": one("summary/narrativeincludeclinical", patient),
        "reporter_comments": one("summary/reportercomment", patient),
        "sender_comments": one("summary/sendercomment", patient),
        "medical_history_text": one("patientmedicalhistorytext", patient),
        "medical_history": [
            {
                "text": one("patientepisodename", e),
                "version": one("patientepisodenamemeddraversion", e),
                "start": one("patientmedicalstartdate", e),
                "end": one("patientmedicalenddate", e),
                "is_continuing": _yes(one("patientmedicalcontinue", e)),
                "comments": one("patientmedicalcomment", e),
            }
            for e in patient.iterfind("medicalhistoryepisode")
        ],
        "drug_history": [
            {
                "name": one("patientdrugname", e),
                "start": one("patientdrugstartdate", e),
                "end": one("patientdrugenddate", e),
                "indication": one("patientdrugindication", e),
                "reaction": one("patientdrugreaction", e),
            }
            for e in patient.iterfind("patientpastdrugtherapy")
        ],
        "sender_diagnoses": [
            {"text": text, "version": one("summary/senderdiagnosismeddraversion", patient)}
            for text in [one("summary/senderdiagnosis", patient)]
            if text
        ],
    }
    for reaction in patient.iterfind("reaction"):
        found["reactions"].append(
            {
                "text": one("primarysourcereaction", reaction),
                "term": one("reactionmeddrapt", reaction) or one("reactionmeddrallt", reaction),
                "version": one("reactionmeddraversionpt", reaction) or one("reactionmeddraversionllt", reaction),
                "start": one("reactionstartdate", reaction),
                "end": one("reactionenddate", reaction),
                "outcome": one("reactionoutcome", reaction),
                "country": one("occurcountry"),
                **flags,
            }
        )
    for drug in patient.iterfind("drug"):
        found["drugs"].append(
            {
                "role": one("drugcharacterization", drug),
                "name": one("medicinalproduct", drug),
                "substances": [
                    {"name": one("activesubstancename", s), "code": None} for s in drug.iterfind("activesubstance")
                ],
                "authorisation": one("drugauthorizationnumb", drug),
                "authorisation_country": one("drugauthorizationcountry", drug),
                "doses": [
                    {
                        "text": one("drugdosagetext", drug),
                        "amount": one("drugstructuredosagenumb", drug),
                        "unit": one("drugstructuredosageunit", drug),
                        "start": one("drugstartdate", drug),
                        "end": one("drugenddate", drug),
                        "route": one("drugadministrationroute", drug),
                        "batch": one("drugbatchnumb", drug),
                        "form": one("drugdosageform", drug),
                    }
                ],
                "indications": [
                    {"text": text, "code": None, "version": None} for text in [one("drugindication", drug)] if text
                ],
                "action": one("actiondrug", drug),
                "recurrence": one("drugrecurreadministration", drug),
            }
        )
    return found


def _yes(code: str | None) -> str | None:
    return R2_YES.get(code or "")
