"""The plain case × product × event table that many teams hold, with their own column names."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="case_listing",
    title="Case line listing: case × product × event",
    publisher="The team that made it",
    agency="ANSM",
    domain="human",
    licence="That of its origin",
    cadence=Days(None, "Whenever it is made"),
    grain="One event reported with one product in one case",
    lag=Days(None, "That of its origin"),
    traps=(
        "A case's products and events are crossed: which product is suspected of which event is not told.",
        "Without a column for it, the date of receipt is the date of the file: such cases are all of one month.",
        "Case numbers can be a patient's: they are replaced by pseudonyms on entry.",
    ),
    homepage="",
)
