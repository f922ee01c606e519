"""Drug Shortages Canada: reports of shortages and discontinuations, with their reasons."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="canada_shortages",
    title="Drug Shortages Canada, export of all reports",
    publisher="Health Canada; Drug Shortages Canada",
    agency="ANSM",
    domain="human",
    licence="Government of Canada (confirm before rows are shipped)",
    cadence=Days(31, "At any time; an export is the whole state"),
    grain="A report of a shortage or discontinuation of one product (DIN)",
    lag=Days(31, "Days"),
    traps=(
        "Two tables stand in one file, each under its title; every line is indented and ends with a comma",
        "Texts are escaped twice: `&amp;amp;` is an ampersand",
        "Fields are never quoted",
        "Some starts lie in the year 201",
        "In 2018 the site answered with a web page for months: such a file is refused whole, and ends no shortage",
    ),
    homepage="https://www.drugshortagescanada.ca",
)
