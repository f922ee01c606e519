"""UNII names: every name of every substance that the FDA has given a Unique Ingredient Identifier."""

from pipelines.core.source import Days, Download, Source

SOURCE = Source(
    name="unii",
    title="UNII names (Global Substance Registration System)",
    publisher="U.S. Food and Drug Administration and National Library of Medicine",
    agency="ANSM",
    domain="human",
    licence="Public domain",
    cadence=Days(31, "Monthly"),
    grain="One name of one substance",
    lag=Days(31, "Weeks"),
    traps=(
        "A salt has its own UNII; the file does not say of which moiety.",
        "Systematic names and codes are four rows in five; they are never what a reporter writes.",
        "French names are missing for most substances.",
    ),
    homepage="https://precision.fda.gov/uniisearch/archive",
    downloads=(Download("https://precision.fda.gov/uniisearch/archive/latest/UNIIs.zip", "UNIIs.zip"),),
)
