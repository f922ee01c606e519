"""Reports per person or animal treated, dose or pack, and how that compares with siblings."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import DOMAINS

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
SIBLINGS = {
    "brand": "The other brands of the same substance, in the same species",
    "class": "The other substances of the same chemical subgroup (ATC4), in the same species",
    "species": "The same substance in the other species",
    "country": "The same substance and species in the other countries",
}


class _Cell(Table):
    """What is counted and over what: the columns that a rate and its comparisons share."""

    layer, owner = "gold", "pharmacovigilance"
    partitioned_by = ("exposure_source",)
    axis = DERIVED

    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    country = Column("string", "Country of reports and exposure", required=True)
    exposure_source = Column("string", "Source of `gold.exposure`", required=True)
    per = Column("string", "What the rate is per", required=True, codes=PERS)
    dating = Column("string", "By which date reports are put into the year", required=True, codes=DATINGS)
    year = Column("int", "Year", required=True)
    species = Column("string", "Species in English; `human`", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    substance_name = Column("string", "Substance", required=True)
    brand = Column("string", "Brand, by the stem of its name; `all`", required=True)
    term_key = Column("string", "Key of `silver.term`; `all` for any event", required=True)
    term_name = Column("string", "Event", required=True)
    n_counted = Column("bigint", "Reports of people, animals affected of animals", required=True, minimum=0)
    exposed = Column("double", "Exposure, in the unit of `per`", required=True, minimum=0)


CELL = ("country", "exposure_source", "per", "dating", "year", "species", "substance_key", "brand", "term_key")


class ReportingRate(_Cell):
    """What was reported of a substance and an event in a year, over what was used of the substance in that year.

    `n_counted` is reports of people, and animals that reacted (VMD: incidence is animals affected over those treated).
    `all` events count each report once. Reports of the country of the exposure alone, duplicates once, suspects only.
    A substance without a report has its row of any event, with a count of zero. Traps: not everything is reported, so
    rates compare, they are no risks; onset years of late are not complete; a rate over a partial exposure
    (`is_complete` false) is too high; brands are counted over packs alone.
    """

    name = "reporting_rate"
    key = CELL

    n_reports = Column("bigint", "Reports", required=True, minimum=0)
    class_code = Column("string", "Chemical subgroup: ATC4, those of ATCvet without its Q")
    is_complete = Column("boolean", "The exposure is complete", required=True)
    rate = Column("double", "Counted over exposed", required=True, minimum=0)
    rate_lower = Column("double", "Lower bound, exact Poisson 95 %", required=True, minimum=0)
    rate_upper = Column("double", "Upper bound, exact Poisson 95 %", required=True, minimum=0)
    incidence_class = Column("string", "Class of incidence, of animals treated alone", codes=CLASSES)


class RateComparison(_Cell):
    """Observed against expected: a rate of `gold.reporting_rate` beside that of its siblings.

    What the siblings report per unit, times the own exposure, is expected. The ratio's interval is exact and allows
    for the siblings' own chance. A cell without siblings has no row. Traps: siblings differ in more than the product
    (who is treated, for what); many comparisons are made, so some p are small by chance.
    """

    name = "rate_comparison"
    key = (*CELL, "sibling")
    example = """
    -- reports over exposure: more than siblings have, by more than chance
    SELECT *
    FROM gold.rate_comparison
    WHERE ratio_lower > 1 AND n_counted >= 3
    ORDER BY ratio_lower DESC
    LIMIT 20
    """

    sibling = Column("string", "Whom it is compared with", required=True, codes=SIBLINGS)
    n_siblings = Column("int", "How many they are", required=True, minimum=1)
    n_others = Column("bigint", "What is counted of them", required=True, minimum=0)
    exposed_others = Column("double", "Their exposure", required=True, minimum=0)
    expected = Column("double", "Expected from them", required=True, minimum=0)
    ratio = Column("double", "Observed over expected; null where the siblings have none", minimum=0)
    ratio_lower = Column("double", "Lower bound, exact 95 %; null where nothing is counted on either side", minimum=0)
    ratio_upper = Column("double", "Upper bound, exact 95 %; null where it is unbounded", minimum=0)
    p_value = Column("double", "p, two-sided, exact", minimum=0, maximum=1)
