"""FDA data dashboard: recalls of drugs by product, event and establishment."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="fda_recalls",
    title="FDA data dashboard: recalls",
    publisher="US Food and Drug Administration (FDA)",
    agency="ANSM",
    domain="human",
    licence="public domain",
    cadence=Days(31, "Weekly; an export is the whole state"),
    grain="A product of a recall event",
    lag=Days(92, "Weeks: the recall is classified after it began"),
    traps=(
        "An event has several products, and a class of its own: the highest of theirs",
        "The date is that of the classification; that day the recall is published with its class",
        "No column holds the batches; some descriptions mention one",
        "One FEI is `-`: such firms are known by name and place",
    ),
    homepage="https://datadashboard.fda.gov/ora/cd/recalls.htm",
)
