"""E2B's code lists, and the common codes for them. R2 and R3 share all but the units and the recurrence."""

REPORT_TYPES = {"1": "spontaneous", "2": "study", "3": "other", "4": "other"}
REPORTERS = {"1": "physician", "2": "pharmacist", "3": "other_health_professional", "4": "lawyer", "5": "consumer"}
SEXES = {"1": "male", "2": "female"}
ROLES = {"1": "suspect", "2": "concomitant", "3": "interacting", "4": "suspect"}
AGE_IN_YEARS = {"10.A": 10.0, "{DECADE}": 10.0, "A": 1.0, "MO": 1 / 12, "WK": 7 / 365.25, "D": 1 / 365.25}
AGE_IN_YEARS |= {"H": 1 / 8766}
OUTCOMES = {
    "1": "recovered",
    "2": "recovering",
    "3": "not recovered",
    "4": "recovered with sequelae",
    "5": "fatal",
    "6": "unknown",
}
RECURRED = {"1": "positive", "2": "negative", "3": "unknown", "4": "not_applicable"}
OFF_LABEL = "11"
