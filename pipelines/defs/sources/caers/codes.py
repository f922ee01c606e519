"""What CAERS writes in words, and the common codes for it."""

SEXES = {"F": "female", "FEMALE": "female", "M": "male", "MALE": "male"}
AGE_IN_YEARS = {"YEAR": 1.0, "MONTH": 1 / 12, "WEEK": 7 / 365.25, "DAY": 1 / 365.25, "DECADE": 10.0, "HOUR": 1 / 8766}
SERIOUS = {
    "is_death": "DEATH",
    "is_life_threatening": "LIFE THREATENING",
    "is_hospitalisation": "HOSPITALIZATION",
    "is_disability": "DISABILITY",
    "is_congenital_anomaly": "CONGENITAL ANOMALY",
    "is_other_serious": "OTHER SERIOUS|SERIOUS INJUR|REQUIRED INTERVENTION|REQ. INTERVENTION",
}
COSMETICS, SUPPLEMENTS = "53", "54"
DATES = ("M/d/yyyy", "yyyy-MM-dd", "yyyyMMdd", "d-MMM-yyyy")
