"""FDA data dashboard: measures against establishments, and published inspection forms (483)."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="fda_compliance",
    title="FDA data dashboard: compliance actions and published Form 483s",
    publisher="US Food and Drug Administration (FDA)",
    agency="ANSM",
    domain="human",
    licence="public domain",
    cadence=Days(31, "Weekly; an export is the whole state"),
    grain="A measure against one establishment; a published form",
    lag=Days(365, "Weeks for letters; forms are published months to years later"),
    traps=(
        "`-` is unknown: states, countries, even the FEI",
        "A case stands with several establishments: its number is no key",
        "Forms published are a choice, not all that were issued",
        "Some forms lack the FEI or hold the name in its place, some lack the day of the inspection",
    ),
    homepage="https://datadashboard.fda.gov/ora/cd/complianceactions.htm",
)
