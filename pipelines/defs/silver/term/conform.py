"""All dictionaries in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.term.tables import Term
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, first_serves_before, over_time
from pipelines.frames.union import union_of_sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def one_entry_each(told: DataFrame) -> DataFrame:
    """Versions of each term: a text that several sources give is one entry, in lower case where one writes it so.

    The first spelling of a text serves the time before it.
    """
    told = cache(told)
    rest = [c for c in Term.columns if c not in ("term_key", *SPAN, "is_current")]
    is_text = F.col("dictionary") == "preferred_term"
    texts = first_serves_before(told.filter(is_text & F.col("code").isNull()), "term_key")
    every = told.filter(~is_text | F.col("code").isNotNull()).unionByName(texts)
    return conformed(over_time(every.select("term_key", *SPAN, *rest), ["term_key"], F.array_max), Term)


term = union_of_sources(Term, finished=one_entry_each)
