"""EVVet: case listings of the European veterinary pharmacovigilance database."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="evvet",
    title="EudraVigilance Veterinary line listings",
    publisher="European Medicines Agency (EMA)",
    agency="ANSES",
    domain="veterinary",
    licence="EMA: reproduction authorised with the source acknowledged (EudraVigilance Veterinary, extraction date)",
    cadence=Days(None, "the database is open at all times; a listing is the state of the day it was taken"),
    grain="a case: one suspected adverse event in one or more animals, or in people exposed to a product",
    lag=Days(31, "days to weeks after receipt by the holder or authority; late arrivals of past weeks are usual"),
    traps=(
        "A listing is cut by product and year of receipt: a follow-up can move a case to another year's file",
        "Cases are removed without a word: only comparing two listings of one file shows it",
        "Products and reactions are joined by commas, and both hold commas themselves",
        "A product reported without strength or country is listed as every name it is sold under in the Union",
        "Long product lists are cut at 4,000 characters, within the last name",
        "An empty number of animals died means none was reported dead",
        "Neither the role of a product nor the seriousness of the case is given",
    ),
    homepage="https://www.adrreports.eu/vet/en/index.html",
)
