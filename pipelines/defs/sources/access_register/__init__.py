"""The agency's own register of early and compassionate access, in a layout of this project."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="access_register",
    title="Early and compassionate access: decisions, patients, forms of follow-up",
    publisher="ANSM (its own files), from what holders send under each protocol (PUT-RD)",
    agency="ANSM",
    domain="human",
    licence="internal to the agency",
    cadence=Days(31, "Monthly; each file is the whole state of its register"),
    grain="A decision on a medicine and indication; a patient under a decision; a form that is due or came",
    lag=Days(31, "Days; a form comes weeks after its visit, and some never do"),
    traps=(
        "The layout is this project's: no agency publishes these files. What law asks of a request for one patient "
        "(CSP R5121-74: prescriber, initials, age, sex, weight, medicine, indication, posology, deferrable or not) and "
        "of a protocol (R5121-68) is what the columns are made from; their names and codes are not law",
        "General knowledge, to be confirmed: fifteen years of follow-up after integrating vectors, and the rates that "
        "make one expect events, which each row states with its source",
        "Initials are asked for by law and not read here: no answer needs them, and they would name people",
        "A patient has one number for a medicine, whatever the decision: early access that becomes marketing is a "
        "second row of the same patient",
        "A form stands in the register from the day it is planned, so what is due can be told before it comes",
    ),
    homepage="https://ansm.sante.fr",
)
