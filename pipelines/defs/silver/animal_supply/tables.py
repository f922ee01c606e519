"""Supplies for animals."""

from pipelines.core.axis import versions
from pipelines.core.table import Column, Table


class AnimalSupply(Table):
    """One pack supplied on one prescription for one category of animals, as declared from one date to another.

    Coverage: antimicrobials, and human medicines given to animals (cascade). Lag: a month; partial, not all
    veterinarians declare. Keep `is_current`: a line declared again otherwise is a further version. Animals are counted
    once a line: one animal treated twice is in two lines.
    """

    layer, name, owner = "silver", "animal_supply", "veterinary"
    key = ("supply_key", "flow_date")
    axis = versions("flow_date", "flow_to", "is_current")
    partitioned_by = ("source",)

    supply_key = Column("string", "Hash of source, prescription and pack", required=True)
    source = Column("string", "Source system", required=True)
    flow_date = Column("date", "First delivery that told it so: when it could be known", required=True)
    flow_to = Column("date", "Delivery that told it otherwise; null while it stands")
    is_current = Column("boolean", "This is how it was declared last", required=True)
    supply_date = Column("date", "Day of supply", required=True)
    prescriber = Column("string", "Pseudonym of the veterinarian or pharmacist", sensitivity="internal")
    farm = Column("string", "Pseudonym of the farm or owner", sensitivity="internal")
    species = Column("string", "Species in English; `unknown`", required=True)
    category = Column("string", "Sub-category of animals as declared")
    pack_key = Column("string", "`GTIN:`, `CIP13:` of a human medicine, or `LABEL:`", required=True)
    is_human_medicine = Column("boolean", "The pack is one for people: given under the cascade", required=True)
    n_packs = Column("double", "Packs", unit="packs")
    n_animals = Column("int", "Animals treated", minimum=0)
    dose_text = Column("string", "Dose as written")
    dose_mg_per_kg = Column("double", "Dose, where written in mg per kg", unit="mg/kg", minimum=0)
    duration_days = Column("double", "Days of treatment", unit="days", minimum=0)
