"""JIACRA: consumption and resistance of people and animals by country, side by side."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="jiacra",
    title="JIACRA, univariate inputs",
    publisher="ECDC, EFSA, EMA",
    agency="ANSES",
    domain="veterinary",
    licence="EUPL 1.2",
    cadence=Days(1461, "every three to four years"),
    grain="a country, year, bacterium and class, of people or of animals",
    lag=Days(1096, "about three years"),
    traps=(
        "Countries are anonymised and values synthetic: MS1 to MS30 are no countries",
        "Consumption and isolates of one country differ between files, bacteria and animals: join no two of them",
        "Class CS counts what is susceptible: the more the better",
        "The text leaves places with fewer than 10 isolates out, the printed figures hold them",
    ),
    homepage="https://github.com/EU-ECDC/JIACRA2019-2021",
)
