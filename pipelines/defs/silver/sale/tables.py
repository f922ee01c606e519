"""Aggregates sold, and counts of patients that may not be summed."""

from pipelines.core.table import Column, Versioned
from pipelines.formats.domains import DOMAINS

ALL, UNKNOWN = "all", "unknown"
SERIES = {
    "open_medic": "Reimbursed town medicines by age, sex, region and speciality (CNAM Open Medic)",
    "open_phmev": "Hospital prescriptions dispensed in town, by establishment (CNAM Open PHMEV)",
    "medic_am": "Reimbursed town medicines by month (CNAM Medic'AM)",
    "retroced_am": "Medicines that hospital pharmacies gave to outpatients (CNAM Rétrocéd'AM)",
    "anmv_declaration": "Veterinary sales as the holders declare them by pack and year (CSP R5141-148)",
    "medicated_feed": "Medicated feed as its makers declare it by quarter (CalypsoVet)",
    "esvac": "Veterinary antimicrobials sold, by country and year, until 2023 (EMA ESVAC)",
    "asu": "Antimicrobials sold and used by species, from 2023 (EMA ASU, Regulation 2019/6)",
}
CHANNELS = {
    "town": "Town pharmacies",
    "hospital": "Hospital pharmacies to outpatients",
    "veterinary": "Sales of holders, veterinarians and pharmacists for animals",
    "feed": "Feed makers",
}
SEXES = {"male": "Male", "female": "Female", UNKNOWN: "Not said", ALL: "All together"}
AGES = {"0-19": "0 to 19 years", "20-59": "20 to 59 years", "60+": "60 years and over"}
LEVELS = {"cip13": "A pack", "atc5": "An ATC code, fifth level", "atc4": "Fourth", "atc3": "Third", "atc2": "Second"}


class Sale(Versioned):
    """What was sold or reimbursed of one product in one period, place and channel.

    What a series does not distinguish is `all`. Never add up series: they overlap (Open Medic and Medic'AM show the
    same boxes; Open PHMEV is a part of them). Keep `is_current`. A suppressed pack has no key, its class remains.
    Quantities may be zero or negative: returns.
    """

    layer, name, owner = "silver", "sale", "health-data"
    key = ("sale_key", "valid_from")
    partitioned_by = ("source",)

    sale_key = Column("string", "Hash of series, period, product, place and who", required=True)
    series = Column("string", "Published series", required=True, codes=SERIES)
    domain = Column("string", "Human or veterinary", required=True, codes=DOMAINS)
    channel = Column("string", "Way of sale", required=True, codes=CHANNELS)
    period_start = Column("date", "First day of the period", required=True)
    period_end = Column("date", "Last day of the period", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True, pattern="^[A-Z]{2}$")
    region = Column("string", "Region, INSEE code; `unknown`, or `all`", required=True)
    species = Column("string", "Species in English; `human`, or `all` animals", required=True)
    sex = Column("string", "Sex, or `all`", required=True, codes=SEXES)
    age_group = Column("string", "Age band of the series", required=True, codes=AGES | {UNKNOWN: "?", ALL: "All"})
    prescriber = Column("string", "Speciality code or FINESS of who prescribed; `all`", required=True)
    pack_key = Column("string", "`CIP13:`, `UCD7:` or `GTIN:` and the code; null where suppressed or not by pack")
    product_label = Column("string", "Product as the series names it")
    atc_code = Column("string", "ATC or ATCvet code, as given")
    is_suppressed = Column("boolean", "The product is hidden by the publisher", required=True)
    n_packs = Column("double", "Packs, or units of hospital pharmacies", unit="packs")
    mg = Column("double", "Active substance, where the series says it", unit="mg")
    amount_eur = Column("double", "Amount reimbursed", unit="EUR")


class PatientCount(Versioned):
    """Patients with at least one dispensing of a pack or class in a year.

    **Never sum `n_patients`**: one patient stands in every pack, class, age and region that they met in the year. Each
    row is a total of its own, and a coarser one is published where it is needed.
    """

    layer, name, owner = "silver", "patient_count", "health-data"
    key = ("series", "year", "level", "code", "sex", "age_group", "region", "prescriber", "valid_from")
    partitioned_by = ("source",)

    series = Column("string", "Published series", required=True, codes=SERIES)
    year = Column("int", "Year", required=True, minimum=2000, maximum=2100)
    level = Column("string", "What is counted", required=True, codes=LEVELS)
    code = Column("string", "CIP13 or ATC code", required=True)
    sex = Column("string", "Sex, or `all`", required=True, codes=SEXES)
    age_group = Column("string", "Age band, or `all`", required=True)
    region = Column("string", "Region, INSEE code; `unknown`, or `all`", required=True)
    prescriber = Column("string", "Speciality of the prescriber, or `all`", required=True)
    n_patients = Column("bigint", "Patients with at least one dispensing", required=True, minimum=0)
    n_packs = Column("bigint", "Packs of the same row")
