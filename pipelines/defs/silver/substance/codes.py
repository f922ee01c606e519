"""ATC codes of `silver.substance` as columns."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipelines.formats.antibiotics import ATC


def listed(column: str) -> Column:
    """Codes of a column; none where it is null."""
    return F.coalesce(column, F.array().cast("array<string>"))


def atc_codes() -> Column:
    """Codes of a substance in people and animals, each once: ATCvet is ATC with a Q before it, which is taken off."""
    animal = F.transform(listed("atcvet_codes"), lambda code: F.regexp_replace(code, "^Q", ""))
    return F.array_union(listed("atc_codes"), animal)


def antibiotic_classes() -> Column:
    """Classes of antibiotics that the codes of a substance, of people or animals, say it is of; they overlap."""
    codes = F.concat(listed("atc_codes"), listed("atcvet_codes"))

    def is_in(pattern: str) -> Column:
        return F.exists(codes, lambda code: code.rlike(f"^Q?({pattern})"))

    return F.array_compact(F.array(*[F.when(is_in(pattern), F.lit(name)) for name, pattern in ATC.items()]))
