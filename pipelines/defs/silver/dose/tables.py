"""Defined doses of people and animals."""

from pipelines.core.table import Column, Versioned

KINDS = {
    "ddd": "Defined daily dose of people, mg a day (WHO)",
    "dddvet": "Defined daily dose of animals, mg per kg and day (EMA)",
    "dcdvet": "Defined course dose of animals, mg per kg and course (EMA)",
}


class DailyDose(Versioned):
    """One defined dose of one substance, by species and route: a unit to count in, not a dose to give.

    Where a substance has several routes, take the one given, else the mean of them. Doses whose name is not one
    substance have no `substance_key` and are counted nowhere.
    """

    layer, name, owner = "silver", "daily_dose", "product-register"
    key = ("source", "kind", "dose_name", "species", "route", "valid_from")
    partitioned_by = ("source",)

    kind = Column("string", "What kind of dose", required=True, codes=KINDS)
    dose_name = Column("string", "Substance as the list names it", required=True)
    substance_key = Column("string", "Key of `silver.substance`; null where the name is not one substance")
    species = Column("string", "Species in English, or `human`", required=True)
    route = Column("string", "Route as the list words it; `all`", required=True)
    value = Column("double", "mg a day, mg/kg a day or mg/kg a course, as the kind says", required=True, minimum=0)
