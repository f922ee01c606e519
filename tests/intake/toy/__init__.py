"""A source as small as one can be: lines of two fields."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="toy",
    title="Toy lines",
    publisher="Nobody",
    agency="ANSM",
    domain="human",
    licence="none",
    cadence=Days(None, "never"),
    grain="a line",
    lag=Days(None, "none"),
    traps=(),
    homepage="",
)
