"""What is known of a plant, an ingredient or a pigment in each guise, from medicine to tattoo."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table

KINDS = {
    "plant": "A plant of the herbal inventory",
    "pigment": "A pigment, by its Colour Index number",
    "ingredient": "An ingredient reported in two guises or more",
}
GUISES = {
    "human": "medicine",
    "veterinary": "veterinary",
    "nutrition": "supplement",
    "cosmetic": "cosmetic",
    "tattoo": "tattoo",
}


class PlantView(Table):
    """One plant with its guises side by side: reports and signals of each vigilance, its drugs, its interactions.

    A report counts once in its own vigilance; guises are never added up. Also pigments, and ingredients that two
    vigilances or more know. A combination is not its parts: its assessments stand with no plant.
    """

    layer, name, owner = "gold", "plant_view", "product-register"
    key = ("plant",)
    axis = DERIVED

    plant = Column("string", "Plant of `silver.plant`, else name of the substance", required=True)
    kind = Column("string", "What it is", required=True, codes=KINDS)
    substance_key = Column("string", "Key of `silver.substance`", references="silver.substance")
    author = Column("string", "Author of the botanical name")
    synonyms = Column("array<string>", "Other botanical names", required=True)
    parts = Column("array<string>", "Parts and preparations that are assessed", required=True)
    n_drugs = Column("int", "Herbal drugs of it alone", required=True, minimum=0)
    n_combinations = Column("int", "Combinations that it is in", required=True, minimum=0)
    n_monographs = Column("int", "Drugs with a European monograph", required=True, minimum=0)
    n_reports_medicine = Column("bigint", "Reports on medicines for people with it", required=True, minimum=0)
    n_reports_supplement = Column("bigint", "Reports on food supplements with it", required=True, minimum=0)
    n_reports_cosmetic = Column("bigint", "Reports on cosmetics with it", required=True, minimum=0)
    n_reports_tattoo = Column("bigint", "Reports on tattoos with it", required=True, minimum=0)
    n_reports_veterinary = Column("bigint", "Reports on animals with it", required=True, minimum=0)
    n_signals = Column("bigint", "Pairs with it that meet the rule of the IC", required=True, minimum=0)
    interacts_with = Column("array<string>", "Substances with which it signals an interaction", required=True)
