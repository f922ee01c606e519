"""Reports per person or animal treated, dose or pack, against what siblings would make one expect."""

from pipelines.core.table import Column, Table
from pipelines.defs.silver.report.tables import DOMAINS

DATINGS = {"onset": "Year in which the event began", "receipt": "Year in which the report first came"}
PERS = {
    "treated": "Persons or animals treated",
    "daily_dose": "DDD of people; kg of animal treated a day (mg over DDDvet)",
    "pack": "Packs",
}
CLASSES = {
    "very_common": "More than 1 in 10 animals treated",
    "common": "1 to 10 in 100",
    "uncommon": "1 to 10 in 1,000",
    "rare": "1 to 10 in 10,000",
    "very_rare": "Less than 1 in 10,000",
}


class ReportingRate(Table):
    """What was reported of a substance and an event in a year, over what was used of the substance in that year.

    `n_counted` is reports of people, and animals that reacted (VMD: incidence is animals affected over those treated).
    `all` events count each report once. Reports of the country of the exposure alone, duplicates once, suspects only.
    Siblings of a substance are the others of its chemical subgroup (ATC4) in the same species; of a species, the others
    given the same substance. What siblings report per unit, times the own exposure, is expected; the ratio's interval
    is exact and allows for the siblings' own chance. Traps: not everything is reported, so rates compare, they are no
    risks; onset years of late are not complete; a rate over a partial exposure (`is_complete` false) is too high.
    """

    layer, name, owner = "gold", "reporting_rate", "pharmacovigilance"
    key = ("exposure_source", "per", "dating", "year", "species", "substance_key", "term_key")
    partitioned_by = ("exposure_source",)
    is_derived = True

    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    country = Column("string", "Country of reports and exposure", required=True)
    exposure_source = Column("string", "Source of `gold.exposure`", required=True)
    per = Column("string", "What the rate is per", required=True, codes=PERS)
    dating = Column("string", "By which date reports are put into the year", required=True, codes=DATINGS)
    year = Column("int", "Year", required=True)
    species = Column("string", "Species in English; `human`", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True)
    substance_name = Column("string", "Substance", required=True)
    class_code = Column("string", "Chemical subgroup: ATC4, those of ATCvet without its Q")
    term_key = Column("string", "Key of `silver.term`; `all` for any event", required=True)
    term_name = Column("string", "Event", required=True)
    n_reports = Column("bigint", "Reports", required=True, minimum=0)
    n_counted = Column("bigint", "Reports of people, animals affected of animals", required=True, minimum=0)
    exposed = Column("double", "Exposure, in the unit of `per`", required=True, minimum=0)
    is_complete = Column("boolean", "The exposure is complete", required=True)
    rate = Column("double", "Counted over exposed", required=True, minimum=0)
    rate_lower = Column("double", "Lower bound, exact Poisson 95 %", required=True, minimum=0)
    rate_upper = Column("double", "Upper bound, exact Poisson 95 %", required=True, minimum=0)
    incidence_class = Column("string", "Class of incidence, of animals treated alone", codes=CLASSES)
    n_class = Column("bigint", "Counted of the siblings of the subgroup", minimum=0)
    exposed_class = Column("double", "Exposure of the siblings of the subgroup", minimum=0)
    expected_class = Column("double", "Expected from the subgroup", minimum=0)
    ratio_class = Column("double", "Rate over that of the subgroup; null where it has none", minimum=0)
    ratio_class_lower = Column("double", "Lower bound, exact 95 %", minimum=0)
    ratio_class_upper = Column("double", "Upper bound, exact 95 %; null where unbounded", minimum=0)
    p_class = Column("double", "p, two-sided, exact", minimum=0, maximum=1)
    n_species = Column("bigint", "Counted of the other species", minimum=0)
    exposed_species = Column("double", "Exposure of the other species", minimum=0)
    expected_species = Column("double", "Expected from the other species", minimum=0)
    ratio_species = Column("double", "Rate over that of the other species; null where they have none", minimum=0)
    ratio_species_lower = Column("double", "Lower bound, exact 95 %", minimum=0)
    ratio_species_upper = Column("double", "Upper bound, exact 95 %; null where unbounded", minimum=0)
    p_species = Column("double", "p, two-sided, exact", minimum=0, maximum=1)
