"""Isolates of EARS-Net beside the use that ESAC-Net counts, by country."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="ears",
    title="EARS-Net isolates beside ESAC-Net use",
    publisher="ECDC (TESSy), released to the authors of swo/amr_geography",
    agency="ANSM",
    domain="human",
    licence="ECDC data, no licence of the copy (confirm before rows are shipped)",
    cadence=Days(None, "released once, on demand"),
    grain="a bacterium, class and country",
    lag=Days(None, "the file states no year"),
    traps=(
        "The file states no year: its period is `unstated`",
        "Countries are ISO 3166 alpha-3",
        "`did` is DDD per 1,000 inhabitants and day, of the class, not of the antibiotic tested",
    ),
    homepage="https://github.com/swo/amr_geography",
)
