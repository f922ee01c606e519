"""WHO ATC/DDD: the defined daily doses of people, for those who hold a copy."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="atc_ddd",
    title="ATC/DDD index",
    publisher="WHO Collaborating Centre for Drug Statistics Methodology",
    agency="ANSM",
    domain="human",
    licence="CC BY-NC-SA or by licence: nothing of it is shipped, the user lands a copy",
    cadence=Days(366, "yearly"),
    grain="an ATC code and route",
    lag=Days(31, "none"),
    traps=(
        "One code may have several doses, one a route",
        "Doses change from year to year: an old consumption is counted again with the new one",
        "Layout: `ATC;DDD;Unit;Route`, to be exported so",
    ),
    homepage="https://atcddd.fhi.no",
)
