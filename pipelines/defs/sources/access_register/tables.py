"""Bronze tables of the register of early and compassionate access."""

from pipelines.core.table import BronzeTable, FileKind, text

NAMED = r"[\p{L}\p{N}]"  # says something
DAY = r"^\s*\d{4}-\d{2}-\d{2}"


def _kind(name: str) -> FileKind:
    return FileKind(rf"(^|/)access_register/([^/]+/)*{name}[^/]*\.csv(\.gz)?$")


class _Register(BronzeTable):
    """What all files share."""

    source, owner = "access_register", "innovative-therapies"

    decision_number = text("Number of the decision", pattern=NAMED)
    medicine_number = text(
        "Number of the medicine in the register, the same before and after its marketing", pattern=NAMED
    )


class _OfPatient(_Register):
    """What is of one patient."""

    patient_number = text("Number of the patient", sensitivity="identifying", pseudonymised=True, required=True)


class AccessDecision(_Register):
    """One decision on one medicine in one indication: an interval of one kind of access."""

    name, files = "access_register_decision", _kind("decisions")

    access = text("AAC, AAP, CPC or AMM", pattern=r"(?i)^\s*(AAC|AAP|CPC|AMM)\s*$")
    medicine = text("Name or code name")
    substance = text("INN or code name of the substance")
    cis = text("CIS code; blank before marketing")
    indication = text("Indication")
    decision_state = text("granted, refused or withdrawn", pattern=r"(?i)^\s*(granted|refused|withdrawn)\s*$")
    first_day = text("First day, YYYY-MM-DD", pattern=DAY)
    last_day = text("Last day, YYYY-MM-DD; blank while it stands")
    published = text("Day of its publication, YYYY-MM-DD")
    gmo_number = text("Number of the release file of a genetically modified organism, B/FR/yy/nn; blank for others")
    events_per_1000_patient_months = text("Events expected without the medicine, per 1,000 patient-months")
    expected_by = text("Source of that rate")
    follow_up_years = text("Years that patients are followed after treatment")


class AccessPatientRow(_OfPatient):
    """One patient under one decision: begun, last heard of, how they are."""

    name, files = "access_register_patient", _kind("patients")

    prescriber = text("Number of the prescriber", sensitivity="identifying", pseudonymised=True)
    age_years = text("Age at the request")
    sex = text("M or F")
    weight_kg = text("Weight in kg")
    posology = text("Posology, a text")
    deferrable = text("Can treatment wait: yes or no")
    started = text("First day of treatment, YYYY-MM-DD; blank before")
    last_news = text("Day of the last news, YYYY-MM-DD")
    vital_state = text("treated, stopped, lost or dead", pattern=r"(?i)^\s*(treated|stopped|lost|dead)\s*$")
    state_day = text("Day of that state, YYYY-MM-DD")


class AccessForm(_OfPatient):
    """One form of one patient that is due, or came."""

    name, files = "access_register_form", _kind("forms")

    visit = text("Visit, such as M03", pattern=NAMED)
    form = text("inclusion, follow_up or end")
    due = text("Day on which it is due, YYYY-MM-DD", pattern=DAY)
    visited = text("Day of the visit, YYYY-MM-DD; blank before")
    received = text("Day on which it came, YYYY-MM-DD; blank before")
    events = text("Events that it tells of; blank for a form that did not come")
