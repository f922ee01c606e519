"""Medic'AM: reimbursed boxes of each pack, month by month."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="medic_am",
    title="Medic'AM",
    publisher="CNAM",
    agency="ANSM",
    domain="human",
    licence="Licence Ouverte 2.0",
    cadence=Days(184, "half-yearly"),
    grain="a pack, with a column a month",
    lag=Days(123, "about four months after the half-year"),
    traps=(
        "A sheet with a column a month, whose name says the month in words or digits",
        "Shows the same boxes as Open Medic: never add the two",
        "Layout assumed from the publisher's description: no file could be had",
    ),
    homepage="https://www.assurance-maladie.ameli.fr/etudes-et-donnees/medicaments-type-prescripteur-medicam",
)
