"""FDA inspections of non-clinical laboratories (good laboratory practice)."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="fda_bimo",
    title="FDA bioresearch monitoring: non-clinical laboratories inspected",
    publisher="US Food and Drug Administration (FDA)",
    agency="ANSM",
    domain="human",
    licence="public domain",
    cadence=Days(92, "Quarterly; a list is the whole state"),
    grain="An inspection of one laboratory for one programme",
    lag=Days(184, "Months after the inspection"),
    traps=(
        "No identifier: laboratories are names and places, spelled in several ways",
        "A laboratory stands twice on a day where two programmes inspected it together",
        "Dates are M/D/YYYY",
    ),
    homepage="https://www.fda.gov/inspections-compliance-enforcement-and-criminal-investigations/fda-bioresearch-monitoring-information",
)
