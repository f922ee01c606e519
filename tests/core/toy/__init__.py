"""A source as small as one can be: lines of two fields."""

from pipelines.core.source import Source

SOURCE = Source(
    name="toy",
    title="Toy lines",
    publisher="Nobody",
    agency="ANSM",
    domain="human",
    licence="none",
    cadence="never",
    grain="a line",
    lag="none",
    traps=(),
    homepage="",
)
