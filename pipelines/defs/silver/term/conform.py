"""All dictionaries in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads, reads_of
from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.term.tables import Term

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

_united = union_of_sources(Term)


@reads(*reads_of(_united))
def term(tables: Tables) -> DataFrame:
    """One row per term: a text that several sources give is one entry, in lower case where one of them writes it so."""
    rest = [c for c in Term.columns if c != "term_key"]
    one = _united(tables).groupBy("term_key").agg(F.max(F.struct(*rest)).alias("entry"))
    return conformed(one.select("term_key", "entry.*"), Term)
