"""MedDRA to the common dictionary: preferred terms with their levels, lowest level terms with their preferred term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.term.tables import Term
from pipelines.frames.columns import said
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, first_serves_before, meeting, until_told_otherwise
from pipelines.frames.versions import preferred_term

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

LEVELS = ["pt_code", "pt_name", "hlt_code", "hlt_name", "soc_code", "soc_name"]


@feed(Term, "bronze.meddra_llt", "bronze.meddra_hierarchy")
def term(tables: Tables) -> DataFrame:
    """Terms as each release that holds their code gives them, until another says otherwise.

    A preferred term has the key that its text has in every human source: texts and codes meet in it.
    """
    hierarchy = tables["bronze.meddra_hierarchy"].filter("primary_soc_fg = 'Y'")
    paths = _told(hierarchy, *[said(c).alias(c) for c in LEVELS]).filter("pt_name IS NOT NULL")
    preferred = paths.select(
        preferred_term("pt_name").alias("term_key"),
        F.lit("preferred_term").alias("dictionary"),
        F.col("pt_code").alias("code"),
        F.col("pt_name").alias("term_name"),
        *LEVELS,
        *SPAN,
    )
    named = [said(c).alias(c) for c in ("llt_code", "llt_name", "pt_code")]
    lowest = _told(tables["bronze.meddra_llt"], *named).filter("llt_name IS NOT NULL")
    placed = meeting(lowest, paths, ["pt_code"]).select(
        F.concat(F.lit("meddra:"), "llt_code").alias("term_key"),
        F.lit("meddra").alias("dictionary"),
        F.col("llt_code").alias("code"),
        F.col("llt_name").alias("term_name"),
        *LEVELS,
        *SPAN,
    )
    return conformed(preferred.unionByName(placed), Term)


def _told(rows: DataFrame, code: Column, *content: Column) -> DataFrame:
    """Versions of what the releases say of each code: of a release, its first line."""
    first = Window.partitionBy("code", "known_date").orderBy("line_number")
    coded = rows.select("known_date", "line_number", code.alias("code"), code, *content).filter("code IS NOT NULL")
    once = coded.withColumn("_n", F.row_number().over(first)).filter("_n = 1").drop("_n", "line_number")
    return first_serves_before(until_told_otherwise(once, ["code"])).drop("code")
