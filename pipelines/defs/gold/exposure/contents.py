"""What is in a pack: its substances, its milligrams, and how many days that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.defs.silver.substance.codes import listed
from pipelines.defs.silver.substance.spine import ingredients
from pipelines.frames.sums import exact_mean

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

READS = (
    *("silver.pack", "silver.pack_content", "silver.product_substance", "silver.substance_name"),
    *("silver.substance", "silver.daily_dose", "silver.population"),
)


def substances(tables: Tables) -> DataFrame:
    """Substances of each pack of a town or hospital pharmacy or for animals: pack_key, substance_key, mg_per_pack.

    `mg_per_pack` is that of packs of one substance.
    """
    products = tables["silver.pack"].select("pack_key", "product_key").distinct()
    packs = (
        products.join(ingredients(tables), on="product_key", how="inner").select("pack_key", "substance_key").distinct()
    )
    units = tables["silver.pack_content"].filter("ucd_key IS NOT NULL").select("pack_key", "ucd_key")
    hospital = packs.join(units, on="pack_key", how="inner").select(F.col("ucd_key").alias("pack_key"), "substance_key")
    both = packs.unionByName(hospital.distinct())
    counted = both.join(both.groupBy("pack_key").agg(F.count("*").alias("n_substances")), on="pack_key", how="inner")
    content = tables["silver.pack_content"].groupBy("pack_key").agg(F.max("mg_per_pack").alias("mg_per_pack"))
    known = counted.join(content, on="pack_key", how="left")
    mg = F.when(F.col("n_substances") == 1, F.col("mg_per_pack"))
    return known.withColumn("mg_per_pack", mg).drop("n_substances")


def by_class(tables: Tables) -> DataFrame:
    """Codes of ATC and ATCvet that one substance alone has: atc_code, substance_key."""
    codes = F.concat(listed("atc_codes"), listed("atcvet_codes"))
    known = tables["silver.substance"].filter("known_to IS NULL")
    each = known.select("substance_key", F.explode(codes).alias("atc_code")).distinct()
    one = each.groupBy("atc_code").agg(F.count("*").alias("n"), F.min("substance_key").alias("substance_key"))
    return one.filter("n = 1").drop("n")


def doses(tables: Tables, kind: str) -> DataFrame:
    """Defined doses of a kind by substance and species, the mean of the routes: column named as the kind."""
    rows = tables["silver.daily_dose"].filter("is_current AND substance_key IS NOT NULL")
    return rows.filter(F.col("kind") == kind).groupBy("substance_key", "species").agg(exact_mean("value").alias(kind))


def weights(tables: Tables) -> DataFrame:
    """Mean standard weight of each species: species, weight_kg."""
    rows = tables["silver.population"].filter("is_current AND kind = 'standard_weight'")
    return rows.groupBy("species").agg(exact_mean("value").alias("weight_kg"))
