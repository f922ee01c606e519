"""Parameters by which residues are predicted, each as somebody states it: excretion, removal, effect, husbandry."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="emission_parameters",
    title="Emission parameters",
    publisher="ANSES, EMA guidelines, PharmUse, Nordic catalogues, literature",
    agency="ANSES",
    domain="veterinary",
    licence="Facts with their source; PharmUse has no licence (confirm before rows are shipped)",
    cadence=Days(None, "when somebody states another value"),
    grain="a value of one parameter of a substance or kind of animal",
    lag=Days(None, "each row has its own date"),
    traps=(
        "PharmUse gives excretion in percent, 100 for what is put on the skin",
        "Median NOEC are no PNEC: a PNEC is the lowest reliable value over an assessment factor",
        "Default husbandry of the guideline is known to be outdated; newer values stand beside it, told by conditions",
        "A record of PharmUse goes over two lines: a line feed stands inside a field",
    ),
    homepage="https://www.ema.europa.eu/en/environmental-risk-assessment-medicinal-products-human-use-scientific-guideline",
)
