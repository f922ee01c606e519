"""Open PHMEV: hospital prescriptions that town pharmacies dispensed, by establishment."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="open_phmev",
    title="Open PHMEV",
    publisher="CNAM",
    agency="ANSM",
    domain="human",
    licence="Licence Ouverte or ODbL: confirm on data.gouv.fr before sharing",
    cadence=Days(366, "yearly"),
    grain="packs of one code by prescribing establishment, age and sex",
    lag=Days(184, "about six months after the year"),
    traps=(
        "CIP13 9999999999999 is a pack that the publisher hides: its ATC class remains",
        "A part of Open Medic, not an addition to it",
        "Copies as Parquet have lost the leading zero of postal codes",
        "Copies add columns of their own; those that no table uses are left out",
    ),
    homepage="https://www.data.gouv.fr/datasets/open-phmev-prescriptions-hospitalieres-de-medicaments-delivrees-en-ville",
)
