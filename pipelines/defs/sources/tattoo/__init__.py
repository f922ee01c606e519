"""Tattoo vigilance: declarations of undesirable effects of tattoos and permanent make-up."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="tattoo",
    title="Tattoo vigilance declarations",
    publisher="ANSES (tattoo vigilance since January 2024)",
    agency="ANSES",
    domain="tattoo",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "declarations come daily; an export is made when it is asked for"),
    grain="an ink in a version of a declaration",
    lag=Days(92, "days to months after the effect"),
    traps=(
        "Effects come months or years after the session: the onset, not the receipt, dates them",
        "Pigments are Colour Index numbers of the label, which samples often contradict",
        "One declaration stands on as many rows as it has inks",
        "The form is public, its export is not: the names of the columns are assumed",
    ),
    homepage="https://www.anses.fr",
    overwritten="correction",
)
