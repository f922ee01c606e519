"""BNPV: the French national pharmacovigilance database, as an extract of four sheets."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="bnpv",
    title="Base nationale de pharmacovigilance",
    publisher="ANSM, regional pharmacovigilance centres",
    agency="ANSM",
    domain="human",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "cases come daily; an extract is made when it is asked for"),
    grain="a version of a case",
    lag=Days(14, "days after the notification"),
    traps=(
        "A product is named as brand, as speciality or as substance: the level stands beside the name",
        "Ages up to 702 years: impossible ones are left out and told as a warning of the report",
        "The role of a product is not in the extract",
        "Thousands of cases have no age, a thousand no notifier",
        "Column names of the notifiers' sheet are assumed; those of the others come from ANSM's published code",
    ),
    homepage="https://data.ansm.sante.fr",
    overwritten="correction",
)
