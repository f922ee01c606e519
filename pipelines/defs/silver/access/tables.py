"""Decisions on access, the patients under them, and the forms that tell how they are."""

from pipelines.core.table import Column, Link, Thing, Versioned
from pipelines.defs.silver.establishment.tables import KNOWN
from pipelines.defs.silver.regulatory_event.tables import NAME_METHODS
from pipelines.formats.domains import AGENCIES, DOMAINS

ACCESS = {
    "compassionate": "Compassionate access (AAC): for one patient by name, a year at most, renewable (CSP L5121-12-1)",
    "early": "Early access (AAP), before marketing (CSP L5121-12)",
    "prescription_framework": "Compassionate prescription framework (CPC): a marketed medicine in another indication",
    "marketing": "Marketing authorisation (AMM)",
}
STATES = {"granted": "Granted", "refused": "Refused", "withdrawn": "Granted, then withdrawn"}
VITAL_STATES = {
    "treated": "Under treatment, or treated once for good",
    "stopped": "Treatment was stopped; followed further",
    "lost": "Lost to follow-up",
    "dead": "Dead",
}
FORMS = {"inclusion": "At the first treatment", "follow_up": "While followed", "end": "At the end of treatment"}
SEXES = {"male": "Male", "female": "Female"}
MEDICINE = "Number of the medicine in its register, the same before and after marketing"


class _Access(Versioned):
    """What all tables of access share."""

    owner = "innovative-therapies"
    partitioned_by = ("source",)

    decision_id = Column("string", "Number of the decision", required=True)
    medicine_key = Column("string", MEDICINE, required=True)
    domain = Column("string", "Vigilance: medicines for people", required=True, codes=DOMAINS)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)


class AccessAuthorisation(_Access):
    """One version of one decision that lets a medicine be used in an indication: an interval of one kind of access.

    The path of a medicine (compassionate, early, marketed) is the sequence of its intervals; they may overlap, and have
    one decision a patient where access is by name. The register overwrites: what it said before is a former version.
    What makes one expect events is part of the decision's protocol, with the source that the register names.
    """

    layer, name = "silver", "access_authorisation"
    key = ("source", "decision_id", "valid_from")
    thing = Thing("access", ("source", "decision_id"), "product_name")

    access = Column("string", "Kind of access", required=True, codes=ACCESS)
    access_printed = Column("string", "Kind as printed")
    product_key = Column("string", "Key of `silver.product`, once it has one", link=Link("access to", "product"))
    product_name = Column("string", "Name or code name as printed")
    substance_name = Column("string", "INN or code name as printed")
    substance_keys = Column(
        "array<string>",
        "Keys of `silver.substance`, sorted, by the names of substance and medicine; null where no dictionary has them",
        link=Link("access to", "substance", basis="by_name"),
    )
    substance_method = Column("string", "How they were found", required=True, codes=NAME_METHODS)
    indication = Column("string", "Indication as printed")
    state = Column("string", "What was decided", required=True, codes=STATES)
    start_date = Column("date", "First day", required=True)
    end_date = Column("date", "Last day; null while it stands")
    gmo_key = Column("string", "Release file, B/FR/yy/nn; null for what is none", link=Link("released by", "gmo"))
    gmo_number_printed = Column("string", "Number of that file as printed")
    reference_per_1000_person_months = Column(
        "double", "Events expected without the medicine", unit="per 1,000 person-months", minimum=0
    )
    reference_source = Column("string", "What that rate rests on, as the register says")
    follow_up_years = Column("int", "Years that patients are to be followed", unit="years", minimum=0, maximum=100)
    known_from = Column("date", KNOWN, required=True)
    published_date = Column("date", "Day of its publication, where the source says it")


class AccessPatient(_Access):
    """One version of one patient under one decision: first day, last news, how they are.

    One person may have several rows: count by `medicine_key` and `patient`, never rows. The pseudonym is made on entry
    from the number in the register; who moves from early access to the market keeps it. Personal: it leaves the agency
    in no form, and counts made of it only in cells of at least 11.
    """

    layer, name = "silver", "access_patient"
    key = ("source", "decision_id", "patient", "valid_from")

    patient = Column("string", "Pseudonym of the patient", required=True, sensitivity="personal")
    prescriber = Column("string", "Pseudonym of the prescriber", sensitivity="personal")
    age_years = Column(
        "double", "Age at the request", unit="years", minimum=0, maximum=125, mostly=0.99, sensitivity="personal"
    )
    sex = Column("string", "Sex", codes=SEXES, sensitivity="personal")
    weight_kg = Column("double", "Weight", unit="kg", minimum=0, maximum=400, mostly=0.99, sensitivity="personal")
    posology = Column("string", "Posology as written", sensitivity="personal", is_free_text=True)
    is_deferrable = Column("boolean", "Treatment can wait; null where not said", sensitivity="personal")
    start_date = Column("date", "First day of treatment; null before", sensitivity="personal")
    last_news_date = Column("date", "Day of the last news", sensitivity="personal")
    vital_state = Column("string", "How the patient is", codes=VITAL_STATES, sensitivity="personal")
    state_date = Column("date", "Day since when", sensitivity="personal")


class FollowUpVisit(_Access):
    """One version of one form of one patient: when it is due, when it came, what it tells.

    A form stands here from the day it is planned: one without `received_date` is due and did not come. `n_events` are
    the events that the protocol counts, in the time since the form before.
    """

    layer, name = "silver", "follow_up_visit"
    key = ("source", "decision_id", "patient", "visit", "valid_from")

    patient = Column("string", "Pseudonym of the patient", required=True, sensitivity="personal")
    visit = Column("string", "Visit", required=True)
    form = Column("string", "Which form", codes=FORMS)
    due_date = Column("date", "Day on which it is due", sensitivity="personal")
    visit_date = Column("date", "Day of the visit that it tells of", sensitivity="personal")
    received_date = Column("date", "Day on which it came; null for what did not", sensitivity="personal")
    n_events = Column("int", "Events that it tells of", minimum=0, sensitivity="personal")
