"""What the BNPV writes in words, and the common codes for it."""

REPORTERS = {
    "MEDECIN": "physician",
    "PHARMACIEN": "pharmacist",
    "INFIRMIER": "nurse",
    "AUTRE PROFESSIONNEL DE SANTE": "other_health_professional",
    "CHIRURGIEN-DENTISTE": "other_health_professional",
    "SAGE-FEMME": "other_health_professional",
    "PATIENT": "consumer",
    "USAGER": "consumer",
    "CONSOMMATEUR": "consumer",
    "AVOCAT": "lawyer",
    "AUTRE": "other",
}
SEXES = {"F": "female", "FEMININ": "female", "M": "male", "MASCULIN": "male"}
AGE_IN_YEARS = {"ANS": 1.0, "MOIS": 1 / 12, "SEMAINES": 7 / 365.25, "JOURS": 1 / 365.25, "HEURES": 1 / 8766}
REPORT_TYPES = {"SPONTANE": "spontaneous", "ETUDE": "study", "LITTERATURE": "literature", "AUTRE": "other"}
YES = ("O", "OUI", "1", "VRAI", "TRUE")
COUNTRIES = {"FRANCE": "FR", "ALLEMAGNE": "DE", "ETATS-UNIS": "US", "ITALIE": "IT", "ESPAGNE": "ES", "BELGIQUE": "BE"}
COUNTRIES |= {"ROYAUME-UNI": "GB", "SUISSE": "CH"}
