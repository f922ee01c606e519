"""MedDRA: the human dictionary of terms, for those who hold a licence."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="meddra",
    title="MedDRA, a release in distribution format",
    publisher="MedDRA MSSO, for ICH",
    agency="ANSM",
    domain="human",
    licence="Licensed by the MSSO: nothing of it is shipped, a licensed user lands the files of a release",
    cadence=Days(184, "twice a year"),
    grain="a term",
    lag=Days(31, "none"),
    traps=(
        "Terms move between releases: each one landed names the hierarchy until the next",
        "A preferred term has several system organ classes: the primary one is taken",
        "A lowest level term can be out of use and still be sent",
    ),
    homepage="https://www.meddra.org",
)
