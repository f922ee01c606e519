"""Figures of use and of resistance in one shape, and odds ratios of resistance with use."""

from models.association.williams import FEWEST, FORMS
from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.defs.silver.isolate_count.tables import COUNTRY, EXPOSURES, SETTINGS
from pipelines.formats.antibiotics import CLASSES, CRITERIA

NONE = {"none": "Says nothing: the row is of use"}
KINGDOMS = {"human": "People", "animal": "Animals"}
RESISTANCE = {
    "resistant_share": "Resistant isolates over isolates tested, exact bounds (Clopper and Pearson 1934)",
    "resistant_per_1000_bed_days": "Resistant isolates per 1,000 bed-days, exact bounds (Garwood 1936)",
}
USE = {
    "ddd_per_1000_bed_days": "DDD per 1,000 bed-days",
    "ddd_per_1000_inhabitants_day": "DDD per 1,000 inhabitants and day",
    "mg_per_kg_people": "mg per kg of people (62.5 kg each)",
    "mg_per_pcu": "mg per kg of population correction unit",
    "mg_per_kg_living": "mg per kg of living animals",
}
WHY_NONE = {
    "few": "Fewer than 10 isolates tested: no share",
    "small_cell": "Fewer than 11 isolates of one region: may not leave",
    "beside_small_cell": "Would give a small cell away, as what is left of a total",
    "not_printed": "The source names it without a value",
    "impossible": "More resistant isolates than tested ones, or a count is missing",
}
ASSOCIATED = EXPOSURES | {"ddd_per_1000_bed_days": USE["ddd_per_1000_bed_days"]}


class UseAndResistance(Table):
    """One figure of use of a class of antibiotics, or of resistance to it, of one host, place and period.

    People and animals in one shape, so that a page shows both. Every figure has its numerator, denominator and the
    denominator's method and version. Classes overlap: never sum over `class_code`. Months are those in which weeks
    begin. Draw a line within one `segment` alone: it ends where a period is missing or has no value, and where the
    series, the criterion or the denominator changes. What is here may leave the house: counts of a region below 11
    isolates are gone, and so are those by which a total would give them away.
    """

    layer, name, owner = "gold", "use_and_resistance", "veterinary"
    key = (
        *("indicator", "source", "series", "host", "class_code", "bacterium", "criterion", "setting"),
        *("country", "region", "period"),
    )
    partitioned_by = ("source",)
    axis = DERIVED

    kingdom = Column("string", "People or animals", required=True, codes=KINGDOMS)
    indicator = Column("string", "What it says", required=True, codes=RESISTANCE | USE)
    source = Column("string", "Source of the figure", required=True)
    series = Column("string", "Figures of the source that belong together", required=True)
    host = Column("string", "`human`, or the animals in English", required=True)
    class_code = Column("string", "Class of antibiotics", required=True, codes=CLASSES)
    bacterium = Column("string", "Bacterium; of use, the one beside which it is printed, or `none`", required=True)
    criterion = Column("string", "By what an isolate counts", required=True, codes=CRITERIA | NONE)
    setting = Column("string", "Where isolates come from", required=True, codes=SETTINGS | NONE)
    country = Column("string", "Country, ISO 3166; MS and a number where anonymised", required=True, pattern=COUNTRY)
    region = Column("string", "Region, INSEE code; `all`", required=True)
    period = Column("string", "Year, month (YYYY-MM), or `unstated`", required=True)
    period_start = Column("date", "First day; null where the source states no period")
    n_months = Column("int", "Length of the period", unit="months", minimum=1, maximum=12)
    numerator = Column("double", "Resistant isolates, DDD or mg", minimum=0)
    denominator = Column("double", "Isolates tested, bed-days, heads or kg", minimum=0)
    denominator_method = Column("string", "What the denominator is, as its source or `gold.denominator` names it")
    denominator_known_from = Column("date", "Version of the denominator")
    value = Column("double", "The figure; null where `why_none` says why", minimum=0)
    lower = Column("double", "Lower bound, 95 %", minimum=0)
    upper = Column("double", "Upper bound, 95 %", minimum=0)
    why_none = Column("string", "Why there is no figure", codes=WHY_NONE)
    segment = Column("int", "Stretch of the series that a line may join", required=True, minimum=1)


class UseResistanceAssociation(Table):
    """Odds ratio of resistance with an exposure between places, of one bacterium, class, host and period, by one model.

    Binomial regression with Williams' overdispersion, as JIACRA IV fits it: per unit of the exposure (`linear`), per
    doubling (`log`, of exposure + 0.001) or per unit of its square. `rule` says which places count: JIACRA writes that
    places with fewer than 10 isolates do not, and prints figures that hold them. Ecological: places, not persons.
    """

    layer, name, owner = "gold", "use_resistance_association", "veterinary"
    key = (
        *("source", "series", "host", "bacterium", "class_code", "criterion", "exposure_kind", "period"),
        *("form", "rule"),
    )
    axis = DERIVED

    source = Column("string", "Source of the isolates", required=True)
    series = Column("string", "Figures of the source that belong together", required=True)
    host = Column("string", "Whose isolates resist", required=True)
    bacterium = Column("string", "Bacterium", required=True)
    class_code = Column("string", "Class of antibiotics", required=True, codes=CLASSES)
    criterion = Column("string", "By what an isolate counts", required=True, codes=CRITERIA)
    exposure_kind = Column("string", "What resistance is held against", required=True, codes=ASSOCIATED)
    period = Column("string", "Year, or `unstated`", required=True)
    form = Column("string", "Form of the exposure", required=True, codes=dict.fromkeys(FORMS, ""))
    rule = Column("string", "Which places count", required=True, codes=dict.fromkeys(FEWEST, ""))
    n_places = Column("int", "Places", required=True, minimum=0)
    n_tested = Column("bigint", "Isolates tested in them", required=True, minimum=0)
    odds_ratio = Column("double", "Odds ratio; null where `why_none` says why", minimum=0)
    lower = Column("double", "Lower bound, 1.96 standard errors", minimum=0)
    upper = Column("double", "Upper bound", minimum=0)
    p_value = Column("double", "Two-sided p", minimum=0, maximum=1)
    phi = Column("double", "Overdispersion: intra-place correlation of isolates", minimum=0)
    is_best_form = Column("boolean", "Of the forms by this rule, the one of least AIC", required=True)
    why_none = Column("string", "Why there is no odds ratio")
