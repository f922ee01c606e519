"""FAERS codes and what they stand for in the common language. A code that is not here becomes null."""

ROLES = {"PS": "primary_suspect", "SS": "secondary_suspect", "C": "concomitant", "I": "interacting"}
CHALLENGES = {"Y": "positive", "N": "negative", "U": "unknown", "D": "not_applicable"}
REPORTERS = {
    "MD": "physician",
    "PH": "pharmacist",
    "RN": "nurse",
    "HP": "other_health_professional",
    "OT": "other_health_professional",
    "CN": "consumer",
    "LW": "lawyer",
}
SEXES = {"M": "male", "F": "female"}
AGE_IN_YEARS = {"DEC": 10.0, "YR": 1.0, "MON": 1 / 12, "WK": 7 / 365.25, "DY": 1 / 365.25, "HR": 1 / 8766}
WEIGHT_IN_KG = {"KG": 1.0, "LBS": 0.45359237, "LB": 0.45359237, "GMS": 0.001, "GM": 0.001}
REPORT_SOURCES = {"SDY": "study", "LIT": "literature"}
COUNTRIES = {
    "UNITED STATES": "US", "FRANCE": "FR", "GERMANY": "DE", "UNITED KINGDOM": "GB", "ITALY": "IT", "SPAIN": "ES",
    "JAPAN": "JP", "CANADA": "CA", "AUSTRALIA": "AU", "NETHERLANDS": "NL", "BELGIUM": "BE", "SWITZERLAND": "CH",
    "SWEDEN": "SE", "NORWAY": "NO", "DENMARK": "DK", "FINLAND": "FI", "AUSTRIA": "AT", "PORTUGAL": "PT",
    "IRELAND": "IE", "POLAND": "PL", "BRAZIL": "BR", "MEXICO": "MX", "ARGENTINA": "AR", "CHINA": "CN", "INDIA": "IN",
    "ISRAEL": "IL", "GREECE": "GR", "CZECH REPUBLIC": "CZ", "HUNGARY": "HU", "TURKEY": "TR", "SOUTH AFRICA": "ZA",
    "NEW ZEALAND": "NZ", "KOREA, REPUBLIC OF": "KR", "TAIWAN, PROVINCE OF CHINA": "TW", "PUERTO RICO": "PR",
    "RUSSIAN FEDERATION": "RU", "ROMANIA": "RO", "COLOMBIA": "CO", "EUROPEAN UNION": "EU",
}  # fmt: skip
