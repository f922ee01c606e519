"""VICH GL42: veterinary adverse event reports as HL7 messages."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="gl42",
    title="VICH GL42 veterinary adverse event reports",
    publisher="Marketing authorisation holders and authorities",
    agency="ANSES",
    domain="veterinary",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "batches at any time; nullified cases are listed by the names of their files"),
    grain="a version of an adverse event report",
    lag=Days(366, "15 or 30 days for serious cases, yearly for others"),
    traps=(
        "MSK stands where something is masked, as a value or as a null flavour",
        "The original receive date can be blank",
        "A denominator that is no number counts as 0, as the FDA reads it",
        "Lack of efficacy is a reaction, under codes above 99000 that VeDDRA does not hold",
        "The list of nullified cases has malformed and repeated names",
    ),
    homepage="https://vichsec.org/en/guidelines/pharmacovigilance.html",
    overwritten="another",
)
