"""The tables that the EMA publishes of its outputs: referrals, letters, safety reports, shortages, opinions."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="ema_outputs",
    title="EMA medicines output tables",
    publisher="European Medicines Agency (EMA)",
    agency="ANSM",
    domain="human",
    licence="EMA: reuse with acknowledgement of the source",
    cadence=Days(31, "Written anew every day; a state a month tells what changed"),
    grain="A procedure, letter, assessment, shortage, designation or plant",
    lag=Days(62, "Days to weeks after the act"),
    traps=(
        "The same tables come as CSV and as JSON, whose keys are the headers in lower case",
        "A state overwrites the one before: statuses and dates that moved are known from two states only",
        "`First published date` is that of the page, not of its last act",
        "A referral of before 2012 has its opinion and decision alone; reference numbers are not unique",
        "A line feed inside of a cell cuts some records of the CSV in two; the reader joins them",
        "No table names the reaction that an act is about",
        "The start of a shortage is mostly blank, its end a sentence",
    ),
    homepage="https://www.ema.europa.eu/en/medicines/download-medicine-data",
)
