"""The substance spine: names, codings, and the moieties they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.silver.substance.coding import name_coding
from pipelines.defs.silver.substance.spine import ingredients, substance_name
from pipelines.defs.silver.substance.tables import Substance

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

__all__ = ["name_coding", "substance", "substance_name"]


@reads("silver.substance_name", "silver.name_coding", "silver.product", "silver.product_substance")
def substance(tables: Tables) -> DataFrame:
    """One row per moiety that a product of the registers holds or a reported name was coded to."""
    names = tables["silver.substance_name"].filter("kind <> 'brand'")
    held = _held(tables, names)
    coded = tables["silver.name_coding"].select(F.explode("substance_keys").alias("substance_key")).distinct()
    used = held.select("substance_key").unionByName(coded).distinct()
    order = F.struct(_order(), F.length("normalised_name"), "normalised_name")
    shown = names.groupBy("substance_key").agg(
        F.min_by("normalised_name", order).alias("substance_name"),
        F.min(F.when(F.col("kind") == "french", F.col("normalised_name"))).alias("own_name"),
    )
    joined = used.join(shown, on="substance_key", how="left").join(held, on="substance_key", how="left")
    is_unii = F.col("substance_key").rlike("^[A-Z0-9]{10}$")
    fallback = F.regexp_replace("substance_key", "^(name|reported):", "")
    return conformed(
        joined.select(
            "substance_key",
            F.when(is_unii, F.col("substance_key")).alias("unii"),
            F.coalesce("substance_name", fallback).alias("substance_name"),
            F.coalesce("french_name", "own_name").alias("french_name"),
            "atc_codes",
            "atcvet_codes",
            F.coalesce("is_in_human_product", F.lit(False)).alias("is_in_human_product"),
            F.coalesce("is_in_veterinary_product", F.lit(False)).alias("is_in_veterinary_product"),
        ),
        Substance,
    )


def _held(tables: Tables, names: DataFrame) -> DataFrame:
    """What the registers say of each moiety: domains, French name, codes of products that hold nothing else."""
    rows = ingredients(tables, names)
    products = (
        tables["silver.product"]
        .groupBy("product_key")
        .agg(F.first("domain").alias("domain"), F.array_distinct(F.flatten(F.collect_list("atc_codes"))).alias("codes"))
    )
    alone = rows.groupBy("product_key").agg(F.countDistinct("substance_key").alias("n"))
    seen = rows.join(products, on="product_key", how="inner").join(alone, on="product_key", how="inner")
    own = F.when(F.col("n") == 1, F.col("codes"))
    return seen.groupBy("substance_key").agg(
        F.min("form").alias("french_name"),
        _codes(F.when(F.col("domain") == "human", own)).alias("atc_codes"),
        _codes(F.when(F.col("domain") == "veterinary", own)).alias("atcvet_codes"),
        F.bool_or(F.col("domain") == "human").alias("is_in_human_product"),
        F.bool_or(F.col("domain") == "veterinary").alias("is_in_veterinary_product"),
    )


def _codes(codes: Column) -> Column:
    return F.sort_array(F.array_distinct(F.flatten(F.collect_list(codes))))


def _order() -> Column:
    """Preferred names first."""
    order = F.lit(9)
    for i, kind in enumerate(("preferred", "official", "french", "synonym", "salt")):
        order = F.when(F.col("kind") == kind, i).otherwise(order)
    return order
