"""Signals at the PRAC: its recommendations, and the list of all signals that it ever discussed."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="prac_signals",
    title="PRAC recommendations on signals, and signals discussed since 2012",
    publisher="European Medicines Agency (EMA); the list of discussions by HALMED",
    agency="ANSM",
    domain="human",
    licence="EMA: reproduction with acknowledgement of the source",
    cadence=Days(31, "Monthly, after each meeting"),
    grain="A signal in one meeting",
    lag=Days(62, "Three to five weeks after the meeting"),
    traps=(
        "Extracted from texts: an extraction may tell of one year or of all; what it leaves out is no withdrawal",
        "Several substances in one cell, a class before a colon, footnote digits glued to names",
        "The number of the signal (EPITT) is blank where a change of the product information is recommended",
        "A signal cell may repeat the substances: no reaction is coded then",
        "The list of discussions says action yes or no; a signal is discussed without action until it is acted on",
        "Dates of meetings are words, across months too: the last day stands",
    ),
    homepage="https://www.ema.europa.eu/en/human-regulatory-overview/post-authorisation/pharmacovigilance-post-authorisation/signal-management/prac-recommendations-safety-signals",
)
