"""An agency's own registers of inspections, batches, defects, samples and recalls, in a layout of this project."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="quality_register",
    title="Registers of inspections, batches, quality defects, samples and recalls",
    publisher="ANSM, ANSES-ANMV (their own files)",
    agency="ANSM",
    domain="human",
    licence="internal to the agencies",
    cadence=Days(31, "Monthly; each file is the whole state of its register"),
    grain="An inspection, a batch, a batch in a département and month, a defect, a test, a recall",
    lag=Days(31, "Days"),
    traps=(
        "The layout is this project's: neither agency publishes these registers, and OMCL results have no open layout",
        "An inspection stands once for each of its deficiencies, and once where it found none",
        "Doses are those of the holder's declaration: where he declares none, nothing is expected of the batch",
    ),
    homepage="https://ansm.sante.fr",
)
