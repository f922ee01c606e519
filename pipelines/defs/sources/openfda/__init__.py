"""openFDA: the FDA's adverse events as JSON, of medicines, of animals, of cosmetics."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="openfda",
    title="openFDA adverse events: drug, animal and veterinary, cosmetic",
    publisher="US Food and Drug Administration (FDA)",
    agency="ANSM",
    domain="human",
    licence="CC0 1.0",
    cadence=Days(
        92, "drug and cosmetic events weekly, animal events quarterly; bulk files of a part of the years each"
    ),
    grain="a report in its latest version",
    lag=Days(92, "up to three months"),
    traps=(
        "Only the latest version of a report is served: earlier ones are those of earlier downloads",
        "Numbers are texts, and a list of one can be written without its list",
        "Searches give 25,000 records at most; bulk files hold all",
        "What FAERS holds is here again, under the same numbers of the companies",
        "Reactions are the FDA's spelling of MedDRA preferred terms",
    ),
    homepage="https://open.fda.gov/apis/downloads/",
)
