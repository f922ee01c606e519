"""Sites with their rating over time, and the reasons."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.establishment.tables import SITE

RISKS = {"low": "Low", "medium": "Medium", "high": "High"}
RATINGS = {
    "A": "Inspected again within 36 months",
    "B": "Inspected again within 24 months",
    "C": "Inspected again within 12 months",
}
REASONS = {
    "intrinsic": "Complexity times criticality",
    "critical": "Critical deficiencies of the last inspection",
    "major": "Major deficiencies of the last inspection",
    "rating": "Cell of the matrix",
    "overdue": "Days past the date by which the next inspection was due",
    "certificate_late": "Days from the inspection to its certificate, or without one",
    "non_compliance": "Statements of non-compliance, and certificates that were withdrawn",
    "actions": "Measures of authorities",
    "recalls": "Recalls of its products",
    "defects": "Confirmed quality defects of its batches",
    "failed_tests": "Results of its batches outside of their specification",
    "batch_excess": "Least false discovery rate of its batches among their siblings",
}


class SiteRisk(Table):
    """One site from one day until its rating changed: how it is rated (PI 037), what is overdue, what happened.

    A period begins where an inspection could be known, or a version of the matrix counts. Counts are of all that could
    be known until its end. A site whose inspections have no graded deficiencies, or that no inspectorate assessed,
    stands with what is counted and the reason why it is not rated: the FDA's sites do. Each reason that speaks for a
    risk is a row of `gold.site_risk_reason`.
    """

    layer, name, owner = "gold", "site_risk", "inspection"
    key = ("establishment_key", "rated_from")
    axis = DERIVED
    example = """
    -- sites by what speaks for an inspection, the worst first
    SELECT establishment_name, rating, due_date, overdue_days, n_recalls, n_defects, least_q, not_rated
    FROM gold.site_risk WHERE is_current
    ORDER BY rating DESC NULLS LAST, overdue_days DESC NULLS LAST, n_recalls DESC
    LIMIT 20
    """

    establishment_key = Column("string", SITE, required=True)
    rated_from = Column("date", "Day from which this is so", required=True)
    rated_to = Column("date", "Day from which it is otherwise; null for what stands")
    is_current = Column("boolean", "It stands", required=True)
    establishment_name = Column("string", "Site")
    city = Column("string", "Place")
    country = Column("string", "Country")
    complexity = Column("int", "Complexity, 1 to 3", minimum=1, maximum=3)
    criticality = Column("int", "Criticality, 1 to 3", minimum=1, maximum=3)
    intrinsic = Column("string", "Intrinsic risk", codes=RISKS)
    compliance = Column("string", "Compliance risk by the last inspection", codes=RISKS)
    rating = Column("string", "Relative risk rating", codes=RATINGS)
    matrix_version = Column("string", "Version of the matrix")
    inspection_id = Column("string", "Last inspection that was known")
    inspection_date = Column("date", "Its last day")
    n_critical = Column("int", "Its critical deficiencies", minimum=0)
    n_major = Column("int", "Its major deficiencies", minimum=0)
    n_other = Column("int", "Its other deficiencies", minimum=0)
    due_date = Column("date", "Day by which the next inspection is due")
    overdue_days = Column("int", "Days past it at the end of the period, or on the last day known", minimum=0)
    certificate_days = Column("int", "Days from the inspection to its certificate; null where there is none")
    is_certificate_late = Column("boolean", "No certificate or refusal within 90 days of the inspection")
    n_non_compliance = Column("int", "Non-compliance stated, certificates withdrawn", required=True, minimum=0)
    n_actions = Column("int", "Measures of authorities", required=True, minimum=0)
    n_recalls = Column("int", "Recall events", required=True, minimum=0)
    n_defects = Column("int", "Confirmed quality defects of its batches", required=True, minimum=0)
    n_failed_tests = Column("int", "Results of its batches outside of their specification", required=True, minimum=0)
    n_reports = Column("bigint", "Reports that name its batches until then", minimum=0)
    n_doses = Column("bigint", "Doses of its reported batches until then", minimum=0)
    least_q = Column("double", "Least q of its batches among their siblings by then", minimum=0, maximum=1)
    not_rated = Column("string", "Why there is no rating")


class SiteRiskReason(Table):
    """One reason that speaks for the risk of one site in one period, with its value, its limit and its source."""

    layer, name, owner = "gold", "site_risk_reason", "inspection"
    key = ("establishment_key", "rated_from", "reason")
    axis = DERIVED

    establishment_key = Column("string", "Site of `gold.site_risk`", required=True, references="gold.site_risk")
    rated_from = Column("date", "Period of `gold.site_risk`", required=True, references="gold.site_risk")
    is_current = Column("boolean", "The period stands", required=True)
    reason = Column("string", "What it is", required=True, codes=REASONS)
    value = Column("double", "How much of it; for the rating 1 to 3 for A to C", required=True)
    above = Column("double", "Limit from which it is one", required=True)
    source = Column("string", "What the limit rests on", required=True)
