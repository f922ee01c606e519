"""ICH E2B: individual case safety reports as messages, R3 (HL7 v3) and R2 (SGML or XML)."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="e2b",
    title="ICH E2B individual case safety reports",
    publisher="Marketing authorisation holders, regional centres and other authorities",
    agency="ANSM",
    domain="human",
    licence="Not public: for the agency's own use",
    cadence=Days(None, "batches at any time"),
    grain="a version of a case",
    lag=Days(90, "7 or 15 days after first knowledge for serious cases, 90 for others"),
    traps=(
        "One file is a batch of many messages; sender and receiver of the batch stand behind them",
        "A null flavour (MSK, UNK, ASKU, NASK, NI) is a value: it says why nothing is said",
        "Times are of any precision, from a year to a second with its offset",
        "A case is C.1.1; the same case from two senders shares C.1.8.1",
        "A version is the number that an R2 sender states, else C.1.5",
        "Reactions are MedDRA codes: without a licensed release only the sender's words name them",
        "A region's own code lists have other codes under ICH's numbers: they are kept apart",
        "A drug that was not administered (G.k.1 = 4) is no suspect",
        "A nullification is a message of its own and withdraws the case",
    ),
    homepage="https://ich.org/page/e2br3-individual-case-safety-report-icsr-specification-and-related-files",
    overwritten="another",
)
