"""ECDC's Surveillance Atlas: percentages of resistant isolates by country and year."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="ecdc_atlas",
    title="Surveillance Atlas of Infectious Diseases, antimicrobial resistance",
    publisher="ECDC (EARS-Net, TESSy)",
    agency="ANSM",
    domain="human",
    licence="ECDC, reuse with acknowledgement",
    cadence=Days(366, "yearly, in November"),
    grain="a bacterium, group of antibiotics, country and year",
    lag=Days(366, "a year"),
    traps=(
        "`-` is no value: neither zero nor a share",
        "A country-year may be missing altogether: France has no K. pneumoniae of 2023",
        "Exports of a percentage hold neither numerator nor denominator, so they are never averaged",
        "Countries are Eurostat's: EL, UK; EU is the whole",
        "Edited copies name the region's column otherwise",
    ),
    homepage="https://atlas.ecdc.europa.eu",
)
