"""VeDDRA to the common dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Column, Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.term.tables import Term
from pipelines.frames.columns import one_line
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, first_serves_before, until_told_otherwise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

CONTENT = ["term_name", "pt_code", "pt_name", "hlt_code", "hlt_name", "soc_code", "soc_name", "term_type"]


@feed(Term, "bronze.veddra_term")
def term(tables: Tables) -> DataFrame:
    """Each lowest level term ever listed, as each list that holds its code gives it until another says otherwise."""
    listed = tables["bronze.veddra_term"].select(
        "known_date",
        _tidy("llt_code").alias("code"),
        _tidy("llt_name").alias("term_name"),
        *[_tidy(c).alias(c) for c in CONTENT if c not in ("term_name", "term_type")],
        F.upper(_tidy("term_type")).alias("term_type"),
    )
    of_day = Window.partitionBy("code", "known_date").orderBy(*[F.asc_nulls_last(c) for c in CONTENT])
    once = listed.filter("code IS NOT NULL AND term_name IS NOT NULL").withColumn("_n", F.row_number().over(of_day))
    standing = first_serves_before(until_told_otherwise(once.filter("_n = 1").drop("_n"), ["code"]))
    return conformed(
        standing.select(
            F.concat(F.lit("veddra:"), "code").alias("term_key"),
            F.lit("veddra").alias("dictionary"),
            "code",
            *CONTENT,
            *SPAN,
        ),
        Term,
    )


def _tidy(column: str) -> Column:
    """Single blanks, none at the ends; empty is null."""
    return F.nullif(one_line(column), F.lit(""))
