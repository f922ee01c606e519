"""CIMA: which product information changed in Spain, day by day."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="cima_changes",
    title="CIMA: changed product information of the last 30 days",
    publisher="Agencia Española de Medicamentos y Productos Sanitarios (AEMPS)",
    agency="ANSM",
    domain="human",
    licence="AEMPS open data: cite the source (confirm before rows are shipped)",
    cadence=Days(31, "Daily; each extraction tells of the 30 days before it"),
    grain="A change of the product information of one product",
    lag=Days(31, "A day"),
    traps=(
        "Changes older than 30 days leave the extraction: that is no withdrawal of the change",
        "It says which document changed, not what in it",
        "The times are those of Madrid",
    ),
    homepage="https://cima.aemps.es/cima/rest/registroCambios",
)
