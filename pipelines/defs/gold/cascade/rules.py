"""Rules of the cascade that no column declares."""

from pipelines.core.across import Across

RULES = (
    Across(
        "no_reserved_antimicrobial_for_animals",
        "gold.cascade",
        (),
        lambda tables: tables["gold.cascade"].filter("is_reserved AND n_supplies > 0"),
        "Regulation (EU) 2022/1255 reserves the substance to people: look up the supplies in `silver.animal_supply`.",
    ),
)
