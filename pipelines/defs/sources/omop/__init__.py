"""OMOP common data model: drug exposures of persons, as hospitals and databases share them."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="omop",
    title="OMOP CDM 5.4",
    publisher="OHDSI network; each database its own",
    agency="ANSM",
    domain="human",
    licence="Each database its own; the vocabularies hold SNOMED CT",
    cadence=Days(None, "as the database is extracted"),
    grain="a drug exposure of a person",
    lag=Days(None, "as the database"),
    traps=(
        "Comma or tab between fields, or Parquet, as the tool wrote it",
        "Concept 0 is no concept: the source value is all there is",
        "Quantities are units (tablets, doses), not packs",
        "Vocabularies may be left out: then drugs have no name",
    ),
    homepage="https://ohdsi.github.io/CommonDataModel",
    overwritten="correction",
)
