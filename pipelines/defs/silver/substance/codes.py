"""ATC codes of `silver.substance` as columns."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F


def listed(column: str) -> Column:
    """Codes of a column; none where it is null."""
    return F.coalesce(column, F.array().cast("array<string>"))


def atc_codes() -> Column:
    """Codes of a substance in people and animals, each once: ATCvet is ATC with a Q before it, which is taken off."""
    animal = F.transform(listed("atcvet_codes"), lambda code: F.regexp_replace(code, "^Q", ""))
    return F.array_union(listed("atc_codes"), animal)
