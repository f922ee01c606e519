"""Follow-up of each file."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.gmo.tables import KEY, PROCEDURES
from pipelines.defs.silver.regulatory_event.tables import KINGDOMS
from pipelines.formats.domains import AGENCIES


def _count(meaning: str) -> Column:
    return Column("bigint", meaning, minimum=0, sensitivity="internal")


def _share(meaning: str, maximum: float | None = 1.0) -> Column:
    return Column("double", meaning, minimum=0, maximum=maximum, sensitivity="internal")


class GmoFollowUp(Table):
    """One file at one month end, as known then: sites, patients exposed, events, samples of shedding due and taken.

    Patients and events are those of the decisions on access that name the file. Patients of a trial stand in none: of
    them the registers hold samples alone, no first day and no form, so that they are counted (`n_in_trial`) once a
    sample of theirs was taken, and no rate is made of them. A sample is due where its day has passed and its patient
    was neither dead nor lost by then: also once the file or the medicine was withdrawn. Shares have exact bounds
    (Clopper and Pearson), events per patient Garwood's. Counts stay inside the agency. Trap: who is sampled is not
    everybody, and a sample that is not taken is not negative.
    """

    layer, name, owner = "gold", "gmo_follow_up", "innovative-therapies"
    key = ("gmo_key", "month")
    axis = DERIVED
    example = """
    -- shedding: what is due and taken, and how often the organism was found
    SELECT gmo_key, product_name, n_patients, n_due, n_taken, n_positive, round(positive_share, 3) AS share,
        round(positive_lower, 3) AS lower, round(positive_upper, 3) AS upper
    FROM gold.gmo_follow_up WHERE is_latest ORDER BY gmo_key
    """

    gmo_key = Column("string", KEY, required=True)
    month = Column("date", "Month end", required=True)
    is_latest = Column("boolean", "The last month that the registers tell of", required=True)
    domain = Column("string", "Human or veterinary", required=True, codes=KINGDOMS)
    agency = Column("string", "French agency that decides", required=True, codes=AGENCIES)
    procedure = Column("string", "Which procedure", required=True, codes=PROCEDURES)
    product_name = Column("string", "Name or code name")
    is_withdrawn = Column("boolean", "The file or what it authorised was withdrawn by then", required=True)
    n_sites = Column("bigint", "Sites by then", required=True, minimum=0)
    n_decisions = Column("bigint", "Decisions on access that name the file", required=True, minimum=0)
    n_patients = _count("Patients treated under them")
    n_events = _count("Events of their forms that came")
    n_in_trial = _count("Patients of whom a sample was taken and who stand under no decision on access")
    events_per_patient = _share("Events over patients", None)
    events_per_patient_lower = _share("Lower bound, 95 %", None)
    events_per_patient_upper = _share("Upper bound, 95 %", None)
    n_due = _count("Samples due")
    n_taken = _count("Those of them that were taken")
    taken_share = _share("Their share")
    taken_lower = _share("Lower bound, 95 %")
    taken_upper = _share("Upper bound, 95 %")
    n_with_result = _count("Samples taken, with a result")
    n_positive = _count("Those in which the organism was found")
    positive_share = _share("Their share")
    positive_lower = _share("Lower bound, 95 %")
    positive_upper = _share("Upper bound, 95 %")
    not_computed = Column("string", "Why figures of patients are null")
