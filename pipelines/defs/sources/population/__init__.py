"""Who could be treated: inhabitants, livestock, and the weights that make biomass of them."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="population",
    title="Population of people and animals",
    publisher="INSEE; Eurostat and Agreste; EMA for the weights",
    agency="ANSES",
    domain="human",
    licence="Licence Ouverte 2.0; EMA, acknowledgement",
    cadence=Days(366, "yearly"),
    grain="a place, year and category",
    lag=Days(184, "about half a year"),
    traps=(
        "The choice of the denominator moves a result by a factor of almost three: each is a row with its method",
        "Heads slaughtered and heads living are different counts: PCU adds categories of both",
        "Pets are not in the PCU",
        "Layout of livestock is our own: the agencies publish it in many shapes",
    ),
    homepage="https://www.insee.fr",
)
