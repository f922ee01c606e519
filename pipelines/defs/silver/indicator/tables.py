"""Published indicators of antimicrobial use."""

from pipelines.core.table import Column, Versioned

INDICATORS = {
    "mg_per_pcu": "mg of active substance sold per population correction unit (ESVAC)",
    "alea": "Animal level of exposure to antimicrobials: live weight treated over biomass that could be (ANSES)",
}


class PublishedIndicator(Versioned):
    """One figure that an agency published, with its own inputs and method: to compare with, not to compute from."""

    layer, name, owner = "silver", "published_indicator", "veterinary"
    key = ("indicator", "country", "year", "species", "published_by", "valid_from")
    partitioned_by = ("source",)

    indicator = Column("string", "What it says", required=True, codes=INDICATORS)
    country = Column("string", "Country, ISO 3166 alpha-2", required=True, pattern="^[A-Z]{2}$")
    year = Column("int", "Year", required=True, minimum=1990, maximum=2100)
    species = Column("string", "Species in English; `all`", required=True)
    published_by = Column("string", "Who published it", required=True)
    value = Column("double", "The figure", required=True, minimum=0)
