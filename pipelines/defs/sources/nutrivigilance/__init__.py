"""Nutrivigilance: declarations of adverse effects of food supplements, fortified and novel foods."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="nutrivigilance",
    title="Nutrivigilance declarations",
    publisher="ANSES",
    agency="ANSES",
    domain="nutrition",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "declarations come daily; an export is made when it is asked for"),
    grain="a product in a version of a declaration",
    lag=Days(92, "days to months after the effect"),
    traps=(
        "A plant is named by its Latin binomial, its author and its part, or by any of these",
        "Medicines taken at the same time stand on rows of their own with the role `concomitant`",
        "The form is public, its export is not: the names of the columns are assumed",
    ),
    homepage="https://www.anses.fr",
    overwritten="correction",
)
