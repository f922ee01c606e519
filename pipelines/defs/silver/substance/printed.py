"""Names of substances and products as registers print them, to the substances that they stand for today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.defs.silver.substance.tasks import spread_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAMES_SQL = (
    "source string, reported_name string, reported_substance string, n_records bigint, "
    "attempt int, part int, n_parts int, rank int, form string, method string"
)
PRINTED = ["substance_printed", "product_printed"]
WEAKEST_FIRST = ("brand", "translated", "botanical", "salt_stripped", "code", "exact")
UNCODED = "uncoded"


def substances_of_names(told: DataFrame, names: DataFrame) -> DataFrame:
    """Substances of each printed name of `told` (`PRINTED`, '' for none), all of whose parts `names` holds.

    Columns: `PRINTED`, substance_keys, sorted, and substance_method, that of the weakest part. The substance comes
    first, then the product whole, then the product in its parts. What the dictionary does not hold has no row.
    """
    asked = told.select(
        F.lit("").alias("source"),
        F.col("product_printed").alias("reported_name"),
        F.col("substance_printed").alias("reported_substance"),
        F.lit(1).cast("bigint").alias("n_records"),
    ).filter("reported_name <> '' OR reported_substance <> ''")
    forms = asked.distinct().mapInArrow(spread_parts, NAMES_SQL)
    known = names.filter("known_to IS NULL").select(
        F.col("normalised_name").alias("form"), "substance_key", (F.col("kind") == "brand").alias("is_brand")
    )
    found = forms.join(known, on="form", how="inner")
    printed = ["reported_name", "reported_substance"]
    best = Window.partitionBy(*printed, "attempt", "part").orderBy("rank")
    hits = found.withColumn("_place", F.rank().over(best)).filter("_place = 1")
    method = F.when(F.col("is_brand"), "brand").otherwise(F.col("method"))
    strength = F.array_position(F.array(*map(F.lit, WEAKEST_FIRST)), method)
    whole = (
        hits.withColumns({"_method": method, "_strength": strength})
        .groupBy(*printed, "attempt")
        .agg(
            F.countDistinct("part").alias("n_found"),
            F.max("n_parts").alias("n_parts"),
            F.array_sort(F.collect_set("substance_key")).alias("substance_keys"),
            F.min_by("_method", "_strength").alias("substance_method"),
        )
        .filter("n_found = n_parts")
    )
    first = Window.partitionBy(*printed).orderBy("attempt")
    chosen = whole.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    return chosen.select(
        F.col("reported_substance").alias("substance_printed"),
        F.col("reported_name").alias("product_printed"),
        "substance_keys",
        "substance_method",
    )


def with_substances(rows: DataFrame, names: DataFrame, substance: str, product: str) -> DataFrame:
    """Add substance_keys, null where no dictionary holds the names in two columns, and substance_method."""
    beside = {"substance_printed": substance, "product_printed": product}
    asked = rows.withColumns({name: F.coalesce(column, F.lit("")) for name, column in beside.items()})
    coded = asked.join(substances_of_names(asked, names), on=PRINTED, how="left")
    return coded.withColumn("substance_method", F.coalesce("substance_method", F.lit(UNCODED))).drop(*PRINTED)
