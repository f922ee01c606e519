"""Annual sales that holders declare to the ANMV, pack by pack."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="anmv_sales",
    title="Veterinary sales declarations",
    publisher="ANSES-ANMV",
    agency="ANSES",
    domain="veterinary",
    licence="Not public: declared under CSP R5141-148",
    cadence=Days(366, "yearly, in the first quarter"),
    grain="a pack and year",
    lag=Days(90, "by the end of March after the year"),
    traps=(
        "What holders sold, not what was used",
        "The share of each species is the holder's estimate",
        "How the export is spelled is assumed: the declaration is described, no file is public",
    ),
    homepage="https://www.anmv.anses.fr",
)
