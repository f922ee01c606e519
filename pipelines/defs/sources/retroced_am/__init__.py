"""Rétrocéd'AM: medicines that hospital pharmacies gave to outpatients."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="retroced_am",
    title="Rétrocéd'AM",
    publisher="CNAM",
    agency="ANSM",
    domain="human",
    licence="Licence Ouverte 2.0",
    cadence=Days(366, "yearly"),
    grain="a common dispensing unit (UCD) and year",
    lag=Days(184, "about six months after the year"),
    traps=(
        "Counted in common dispensing units, not in boxes",
        "Layout assumed from the publisher's description: no file could be had",
    ),
    homepage="https://www.assurance-maladie.ameli.fr/etudes-et-donnees/medicaments-retrocession-hospitaliere-retroced-am",
)
