"""SPARES: resistance, antibiotics and bed-days of French hospitals, by region and week."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="spares",
    title="SPARES, hospitals by region and week",
    publisher="Santé publique France; SPARES, aggregated by the authors of medRxiv 2024.12.04.24317990",
    agency="ANSM",
    domain="human",
    licence="GPL-3 repository (confirm before rows are shipped)",
    cadence=Days(366, "yearly"),
    grain="a bacterium, region and week; a class of antibiotics, region and year",
    lag=Days(731, "one to two years"),
    traps=(
        "Classes overlap: `Total` holds all, and summing every class doubles the use",
        "A fifth of the cells of region and week are of fewer than 11 isolates",
        "`Nbhosp` counts bed-days, not hospitals",
        "Hospitals that take part change from year to year; official incidences have other bed-days than the cohort's",
    ),
    homepage="https://www.santepubliquefrance.fr",
)
