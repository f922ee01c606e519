"""Cohorts of medicines under access."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.access.tables import ACCESS, MEDICINE
from pipelines.formats.domains import AGENCIES, DOMAINS

STATUSES = ACCESS | {"ended": "No decision stands any more; who was treated is still followed"}


def _count(meaning: str) -> Column:
    return Column("bigint", meaning, minimum=0, sensitivity="internal")


def _number(meaning: str, unit: str | None = None, maximum: float | None = None) -> Column:
    return Column("double", meaning, unit=unit, minimum=0, maximum=maximum, sensitivity="internal")


class AccessCohort(Table):
    """Patients of one medicine until one month end, as known then: treated, followed, what happened, what is missing.

    A patient counts once for the medicine, under whatever decisions. Time runs from the first day of treatment to the
    last news: after it nothing was observed. Events are those of forms that came. What is expected is the time at the
    rate that the protocol states; bounds are exact (Garwood, Clopper and Pearson), p is one-sided. A form is due where
    its day has passed and the patient was neither dead nor lost by then, whether or not a decision still stands. What
    the first delivery of the register shows counts from its own dates, what later ones show from their delivery: a form
    that comes late changes no earlier month. Without patients there is no figure, and the reason. Traps: a rate of
    other patients is no control group; few patients stand behind most rows, so counts stay inside the agency.
    """

    layer, name, owner = "gold", "access_cohort", "innovative-therapies"
    key = ("medicine_key", "month")
    axis = DERIVED
    example = """
    -- cohorts at the last month end: what happened against what was expected, and what is missing
    SELECT product_name, status, n_ever, n_events, round(expected, 2) AS expected, round(ratio, 2) AS ratio,
        round(ratio_lower, 2) AS lower, round(ratio_upper, 2) AS upper, n_due, n_received, days_without_data, is_alarm
    FROM gold.access_cohort WHERE is_latest
    ORDER BY is_alarm DESC NULLS LAST, ratio DESC NULLS LAST
    """

    medicine_key = Column("string", MEDICINE, required=True)
    month = Column("date", "Month end", required=True)
    is_latest = Column("boolean", "The last month of the medicine", required=True)
    domain = Column("string", "Vigilance: medicines for people", required=True, codes=DOMAINS)
    agency = Column("string", "French agency in whose field it is", required=True, codes=AGENCIES)
    product_key = Column("string", "Key of `silver.product`, once it has one")
    product_name = Column("string", "Name or code name, as the last decision prints it")
    status = Column(
        "string", "The decision that began last of those that stand; null where none is known", codes=STATUSES
    )
    status_from = Column("date", "Day since when; of `ended` the last day on which one stood")
    n_ever = _count("Patients ever treated")
    n_followed = _count("Patients in the month, begun and neither dead nor lost before it")
    person_months = _number("Time from the first day to the last news, all patients", "months of 30.4375 days")
    month_person_months = _number("The part of it in this month; null where nobody was followed", "months")
    n_events = _count("Events of forms that came")
    rate = _number("Events by time", "per 1,000 person-months")
    rate_lower = _number("Lower bound, 95 %", "per 1,000 person-months")
    rate_upper = _number("Upper bound, 95 %", "per 1,000 person-months")
    reference_per_1000_person_months = Column("double", "Rate that makes one expect events", minimum=0)
    reference_source = Column("string", "What it rests on")
    expected = _number("Events expected in that time")
    ratio = _number("Observed over expected")
    ratio_lower = _number("Lower bound, 95 %")
    ratio_upper = _number("Upper bound, 95 %")
    p_value = _number("Chance of so many events or more", maximum=1)
    p_mid = _number("The same, half of the chance of exactly so many", maximum=1)
    n_due = _count("Forms due")
    n_received = _count("Those of them that came")
    completeness = _number("Their share", maximum=1)
    completeness_lower = _number("Lower bound, 95 %", maximum=1)
    completeness_upper = _number("Upper bound, 95 %", maximum=1)
    days_without_data = Column(
        "int", "Days since the last form came; null before the first", unit="days", minimum=0, sensitivity="internal"
    )
    n_long_term_due = _count("Patients a year or more after treatment and within the years they are to be followed")
    n_long_term = _count("Those of them of whom there was news in the last fifteen months")
    llr = _number("Log-likelihood ratio of observed against expected, 0 where not above")
    alarm_boundary = Column("double", "Ratio from which the sequential test raises an alarm", minimum=0)
    false_alarm_rate = Column(
        "double", "Chance that the test ever raises one although nothing is wrong", minimum=0, maximum=1
    )
    is_alarm = Column("boolean", "An alarm was raised by then; null where nothing is expected", sensitivity="internal")
    alarm_rule = Column("string", "The test, with all that was fixed before")
    not_computed = Column("string", "Why figures are null")
