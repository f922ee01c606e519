"""MedDRA to the common dictionary: preferred terms with their levels, lowest level terms with their preferred term."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.columns import said
from pipelines.core.conform import conformed, reads
from pipelines.core.versions import preferred_term
from pipelines.defs.silver.term.tables import Term

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

LEVELS = ["pt_code", "pt_name", "hlt_code", "hlt_name", "soc_code", "soc_name"]


@reads("bronze.meddra_llt", "bronze.meddra_hierarchy")
def term(tables: Tables) -> DataFrame:
    """Terms as the latest release that holds their code gives them.

    A preferred term has the key that its text has in every human source: texts and codes meet in it.
    """
    paths = _latest(tables["bronze.meddra_hierarchy"].filter("primary_soc_fg = 'Y'"), "pt_code")
    paths = paths.select(*[said(c).alias(c) for c in LEVELS]).filter("pt_name IS NOT NULL")
    preferred = paths.select(
        preferred_term("pt_name").alias("term_key"),
        F.lit("preferred_term").alias("dictionary"),
        F.col("pt_code").alias("code"),
        F.col("pt_name").alias("term_name"),
        *LEVELS,
    )
    lowest = _latest(tables["bronze.meddra_llt"], "llt_code").filter("trim(llt_code) <> '' AND trim(llt_name) <> ''")
    lowest = lowest.select("llt_code", "llt_name", "pt_code").join(paths, on="pt_code", how="inner")
    named = lowest.select(
        F.concat(F.lit("meddra:"), F.trim("llt_code")).alias("term_key"),
        F.lit("meddra").alias("dictionary"),
        F.trim("llt_code").alias("code"),
        F.trim("llt_name").alias("term_name"),
        *LEVELS,
    )
    return conformed(preferred.unionByName(named), Term)


def _latest(rows: DataFrame, code: str) -> DataFrame:
    last = Window.partitionBy(F.trim(code)).orderBy(F.desc("known_date"), "line_number")
    return rows.withColumn("_n", F.row_number().over(last)).filter("_n = 1")
