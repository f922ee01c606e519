"""The cascade: medicines for people supplied for animals."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table


class Cascade(Table):
    """Supplies of a substance as a human medicine to a species in a year, beside all supplies of it, and its reports.

    Regulation (EU) 2019/6, articles 112 to 114, allows them where no veterinary medicine fits. Substances reserved to
    people (Regulation 2022/1255) have zero tolerance: `is_reserved` with a supply breaks a rule of the lake. Adverse
    events are those of animals after a medicine that only the human register knows. Traps: coverage of the supplies is
    partial; a report names a brand, which is of people if only human products bear it.
    """

    layer, name, owner = "gold", "cascade", "veterinary"
    key = ("year", "species", "substance_key")
    axis = DERIVED

    year = Column("int", "Year of supply, or of receipt of the reports", required=True)
    species = Column("string", "Species in English", required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    substance_name = Column("string", "Substance", required=True)
    class_code = Column("string", "Chemical subgroup: ATC4")
    n_supplies = Column("bigint", "Lines of prescriptions of a human medicine", required=True, minimum=0)
    n_animals = Column("bigint", "Animals treated by them", required=True, minimum=0)
    n_supplies_all = Column("bigint", "All lines of the substance in that species", required=True, minimum=0)
    n_supplies_species = Column("bigint", "All lines of any substance in that species", required=True, minimum=0)
    share = Column("double", "Human medicines among all lines of the substance", minimum=0, maximum=1)
    share_species = Column("double", "Of all lines of the species", minimum=0, maximum=1)
    is_reserved = Column("boolean", "Reserved to people", required=True)
    reserved_group = Column("string", "Group of the regulation that it belongs to")
    n_reports = Column("bigint", "Reports of animals after a human medicine of it", required=True, minimum=0)
    n_reports_serious = Column("bigint", "Serious ones", required=True, minimum=0)
    rate_per_1000 = Column("double", "Reports a thousand animals supplied", minimum=0)
