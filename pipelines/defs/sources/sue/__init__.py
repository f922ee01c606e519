"""Cosmetic vigilance: serious undesirable effects (SUE form A, Regulation 1223/2009, article 23)."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="sue",
    title="Serious undesirable effects of cosmetic products",
    publisher="ANSES (cosmetic vigilance since January 2024)",
    agency="ANSES",
    domain="cosmetic",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "declarations come daily; an export is made when it is asked for"),
    grain="a product in a version (initial, follow-up, final) of a report",
    lag=Days(92, "days to months after the effect"),
    traps=(
        "Only serious effects have to be notified: no share of serious cases can be read from it",
        "The same effect comes from the responsible person and from the distributor",
        "Ingredients are the INCI names of the label; a product changes its formula under one name",
        "The form is public, its export is not: the names of the columns are assumed",
    ),
    homepage="https://www.anses.fr",
    overwritten="correction",
)
