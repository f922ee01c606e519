"""Taiwan's open data on recalled medicines, with the batches of each."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="tfda_recalls",
    title="Recalled medicines, open data set 6947",
    publisher="Taiwan Food and Drug Administration",
    agency="ANSM",
    domain="human",
    licence="Open Government Data License 1.0",
    cadence=Days(31, "At any time; the file is the whole state"),
    grain="A product of one act of recall",
    lag=Days(62, "Days to weeks"),
    traps=(
        "One class is written in eleven ways, digits in two scripts, suspected classes among them",
        "Batches are a text: lists with five separators, ranges by four marks, counts, packs, all of an expiry",
        "A hyphen joins the ends of a range in some cells and is a part of the number in others",
        "An act has no number of its own and may be null: product, licence and day tell rows apart",
    ),
    homepage="https://data.gov.tw/dataset/6947",
)
