"""EudraGMDP: certificates of good manufacturing practice, and statements of non-compliance."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="eudragmdp",
    title="EudraGMDP: GMP certificates and statements of non-compliance",
    publisher="European Medicines Agency (EMA)",
    agency="ANSM",
    domain="human",
    licence="EMA: reuse with acknowledgement of the source",
    cadence=Days(31, "At any time; an export is the whole state"),
    grain="A document on one site",
    lag=Days(92, "A certificate is due 90 days after the inspection"),
    traps=(
        "Layout from the published fields of the documents: no export could be had",
        "A certificate that is withdrawn leaves the export: only the next delivery tells",
        "One document covers operations on human and on veterinary medicines",
    ),
    homepage="https://eudragmdp.ema.europa.eu",
)
