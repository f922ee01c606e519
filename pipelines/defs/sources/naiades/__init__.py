"""Naïades, by Hub'Eau: analyses of surface water, and the stations where it is sampled."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="naiades",
    title="Naïades, quality of surface water",
    publisher="Eaufrance (OFB, agences de l'eau), by Hub'Eau",
    agency="ANSES",
    domain="veterinary",
    licence="Licence Ouverte 2.0",
    cadence=Days(31, "monthly"),
    grain="an analysis of one parameter in one sample",
    lag=Days(366, "months to a year"),
    traps=(
        "Remark 10 is below the limit of quantification: the result holds the limit, and is no concentration",
        "The service gives 20,000 results over all pages of a question, and some analyses twice",
        "Parameters are SANDRE codes; names are French",
        "Analyses say no département: the list of stations does",
    ),
    homepage="https://hubeau.eaufrance.fr/page/api-qualite-cours-deau",
)
