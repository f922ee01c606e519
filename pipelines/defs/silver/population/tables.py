"""Denominators, each with its method and version."""

from pipelines.core.table import Column, Versioned

KINDS = {
    "inhabitants": "People living in a place on 1 January",
    "livestock": "Animals of a category, living, slaughtered or traded in the year",
    "standard_weight": "Weight at treatment of an animal of the category, for all years (year 0)",
}
DEPARTMENT = "D"  # before the code of a département, which may be that of a region too
UNITS = {"heads": "People or animals", "kg": "Kilograms"}
IDENTITY = (*("source", "kind", "country", "region", "year", "species", "category", "sex", "age_group", "method"),)


class Population(Versioned):
    """One denominator: how many of whom, where, when, counted by which method, known from when.

    The choice of a denominator can move a result by a factor of almost three, so several stand side by side: name the
    method with the result. A later delivery of a kind, place and year replaces it; the earlier stays with `valid_to`.
    """

    layer, name, owner = "silver", "population", "health-data"
    key = (*IDENTITY, "valid_from")
    partitioned_by = ("source",)

    kind = Column("string", "What is counted", required=True, codes=KINDS)
    country = Column("string", "Country, ISO 3166 alpha-2; `EU` for all", required=True, pattern="^[A-Z]{2}$")
    region = Column("string", "Region, INSEE code; D and the code of a département; `all`", required=True)
    year = Column("int", "Year; 0 where it holds for all", required=True, minimum=0, maximum=2100)
    species = Column("string", "Species in English, or `human`", required=True)
    category = Column("string", "Category of animals; `all`", required=True)
    sex = Column("string", "Sex; `all`", required=True)
    age_group = Column("string", "Age band; `all`", required=True)
    method = Column("string", "Who counted, and how", required=True)
    value = Column("double", "The denominator", required=True, minimum=0)
    unit = Column("string", "What it is counted in", required=True, codes=UNITS)
