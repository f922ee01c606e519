"""Denominators made of populations and weights, and indicators of antimicrobial use over them."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table

METHODS = {
    "esvac_pcu": "Population correction unit: heads of each category times its standard weight at treatment, added up",
    "living_biomass": "Living animals alone, times their standard weight",
    "inhabitants": "Inhabitants on 1 January",
    "human_biomass": "Inhabitants times 62.5 kg",
}
SECTORS = {"human": "People", "animal": "Animals"}
INDICATORS = {
    "mg_per_pcu": "mg of active substance per kg of PCU",
    "mg_per_kg_living": "mg of active substance per kg of living animals",
    "dddvet_per_pcu": "Defined daily doses per kg of PCU: days of treatment of each kg",
    "dcdvet_per_pcu": "Defined courses per kg of PCU",
    "alea": "Live weight treated (mg over the course dose) per kg of living animals",
    "ddd_per_1000_inhabitants_day": "DDD per 1,000 inhabitants and day",
    "mg_per_kg_people": "mg of active substance per kg of people (62.5 kg each)",
}


class Denominator(Table):
    """One denominator of one country, year and species by one method, from `silver.population`.

    The method moves a result by a factor of almost three (JIACRA IV): name it with the figure. Pets are in no PCU.
    """

    layer, name, owner = "gold", "denominator", "veterinary"
    key = ("country", "year", "species", "method")
    axis = DERIVED

    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    year = Column("int", "Year", required=True)
    species = Column("string", "Species in English, `human`, or `all` animals", required=True)
    method = Column("string", "How it is made", required=True, codes=METHODS)
    value = Column("double", "Heads or kg", required=True, minimum=0)
    unit = Column("string", "What it is counted in", required=True)
    n_categories = Column("int", "Categories of animals or cells of people that it adds up", required=True, minimum=1)
    counted_by = Column("string", "Who counted, as `silver.population` has it", required=True)
    known_from = Column("date", "When its latest part could be known", required=True)


class AntimicrobialUse(Table):
    """One indicator of antimicrobial use, of one source, country, year and species, over one denominator.

    People and animals side by side. Antibiotics for systemic use: J01, A07AA and P01AB of people; QJ01, QJ51, QA07AA,
    QG01AA, QG01AE, QG51AA, QG51AG, QP51AG of animals (ESVAC). Each source is a series of its own: where the series
    changes from ESVAC to ASU, `is_series_break` says so, and the two years may not be compared. `published_value` is
    what an agency published of the same thing, from its own inputs.
    """

    layer, name, owner = "gold", "antimicrobial_use", "veterinary"
    key = ("source", "country", "year", "species", "substance_key", "indicator")
    partitioned_by = ("source",)
    axis = DERIVED

    sector = Column("string", "People or animals", required=True, codes=SECTORS)
    source = Column("string", "Source of the quantity", required=True)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True)
    year = Column("int", "Year", required=True)
    species = Column("string", "Species in English, `human`, or `all` animals", required=True)
    substance_key = Column("string", "Key of `silver.substance`; `all`", required=True)
    indicator = Column("string", "What it says", required=True, codes=INDICATORS)
    numerator = Column("double", "mg, doses or kg treated, as the indicator says", required=True)
    denominator_method = Column("string", "Method of `gold.denominator`", required=True, codes=METHODS)
    denominator = Column("double", "Heads or kg", required=True, minimum=0)
    denominator_known_from = Column("date", "Version of the denominator", required=True)
    value = Column("double", "The indicator", required=True)
    is_series_break = Column("boolean", "The year before is of another series: do not compare", required=True)
    published_value = Column("double", "What an agency published", minimum=0)
    published_by = Column("string", "Which agency")
