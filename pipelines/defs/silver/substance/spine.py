"""The dictionary of names: UNII's, the registers', and the brands of the registers' products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.core.kept import keep
from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.silver.substance.tasks import prepare, spread_forms, stems

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables

LONGEST_NAME = 80
RANKS = {"preferred": 0, "official": 1, "synonym": 2, "salt": 3, "french": 4, "brand": 5}
PREPARED_SQL = (
    "substance_name string, name_type string, unii string, display_name string, normalised string, base string, "
    "is_plant boolean"
)
FORMS_SQL = "original string, rank int, form string, method string"
STEM_SQL = "product_key string, stem string"


@reads("bronze.unii_name", "silver.product_substance", "silver.product")
def substance_name(tables: Tables) -> DataFrame:
    """Every name that can be matched, with the moiety it stands for; one substance a name, but for combined brands."""
    unii = keep(_of_unii(tables["bronze.unii_name"]))
    named = keep(unii.unionByName(_of_registers(tables, unii)))
    brands = _brands(tables, named).join(named.select("normalised_name"), on="normalised_name", how="left_anti")
    return conformed(named.select(*SubstanceName.columns).unionByName(brands), SubstanceName)


def _of_unii(rows: DataFrame) -> DataFrame:
    """Names of the latest UNII file, each once: that of the best kind, salts and plant parts folded."""
    latest = rows.join(rows.agg(F.max("known_date").alias("known_date")), on="known_date", how="inner")
    written = latest.filter(F.col("name_type").isin("of", "cn", "bn") & (F.length("substance_name") <= LONGEST_NAME))
    columns = ("substance_name", "name_type", "unii", "display_name")
    prepared = keep(written.select(*columns).mapInArrow(prepare, PREPARED_SQL).filter("normalised <> ''"))
    official = F.when(F.expr("name_type = 'of' OR normalised = display_name"), F.col("unii"))
    order = F.struct(F.col("display_name").endswith(" WHOLE").alias("is_whole"), "unii")
    moieties = prepared.filter("name_type <> 'bn' OR normalised = display_name").groupBy("normalised")
    moieties = moieties.agg(F.min(official).alias("of_salt"), F.min_by("unii", order).alias("of_part"))
    moiety = F.coalesce(F.when(F.col("is_plant"), F.col("of_part")).otherwise(F.col("of_salt")), F.col("unii"))
    folded = prepared.join(moieties.withColumnRenamed("normalised", "base"), on="base", how="left")
    kind = (
        F.when(F.col("name_type") == "bn", "brand")
        .when(F.col("unii") != F.col("moiety"), "salt")
        .when(F.col("normalised") == F.col("display_name"), "preferred")
        .when(F.col("name_type") == "of", "official")
        .otherwise("synonym")
    )
    ranked = folded.withColumn("moiety", moiety).withColumn("kind", kind).withColumn("rank", _rank())
    best = Window.partitionBy("normalised").orderBy("rank", "moiety", "unii")
    once = ranked.withColumn("n", F.row_number().over(best)).filter("n = 1")
    return once.select(F.col("normalised").alias("normalised_name"), F.col("moiety").alias("substance_key"), "kind")


def _rank() -> Column:
    rank = F.lit(9)
    for kind, value in RANKS.items():
        rank = F.when(F.col("kind") == kind, value).otherwise(rank)
    return rank


def _of_registers(tables: Tables, unii: DataFrame) -> DataFrame:
    """Names of the product registers: resolved by their forms or their linked fraction, or kept as they are."""
    rows = tables["silver.product_substance"]
    names = rows.select(F.col("source_substance_name").alias("original")).distinct()
    spread = names.mapInArrow(spread_forms, FORMS_SQL)
    known = unii.select(F.col("normalised_name").alias("form"), "substance_key", F.col("kind").alias("found_kind"))
    hits = spread.join(known, on="form", how="inner").filter("found_kind <> 'brand'")
    best = Window.partitionBy("original").orderBy("rank", "substance_key")
    resolved = hits.withColumn("n", F.row_number().over(best)).filter("n = 1").select("original", "substance_key")
    own = spread.filter("rank = 0").select("original", F.col("form").alias("normalised_name"))
    direct = own.join(resolved, on="original", how="left")
    fraction = _by_fraction(rows, direct)
    keyed = direct.join(fraction, on="original", how="left").withColumn(
        "substance_key",
        F.coalesce("fraction_key", "substance_key", F.concat(F.lit("name:"), F.col("normalised_name"))),
    )
    once = keyed.groupBy("normalised_name").agg(F.min("substance_key").alias("substance_key"))
    new = once.join(unii.select("normalised_name"), on="normalised_name", how="left_anti")
    return new.withColumn("kind", F.lit("french"))


def _by_fraction(rows: DataFrame, direct: DataFrame) -> DataFrame:
    """Moiety by the register's own link from substance (SA) to therapeutic fraction (FT), where all products agree."""
    part = rows.select("product_key", "valid_from", "element", "link_number", "nature", "source_substance_name")
    link = ["product_key", "valid_from", "element", "link_number"]
    salt = part.filter("nature = 'SA'").select(*link, F.col("source_substance_name").alias("original"))
    fraction = part.filter("nature = 'FT'").select(*link, F.col("source_substance_name").alias("fraction"))
    keys = direct.filter("substance_key IS NOT NULL").select(F.col("original").alias("fraction"), "substance_key")
    linked = salt.join(fraction, on=link, how="inner").join(keys, on="fraction", how="inner")
    agreed = linked.groupBy("original").agg(
        F.min("substance_key").alias("fraction_key"), F.countDistinct("substance_key").alias("n")
    )
    return agreed.filter("n = 1").drop("n")


def _brands(tables: Tables, names: DataFrame) -> DataFrame:
    """Brand stems of the registers' products, where all products of the stem hold the same moieties."""
    products = tables["silver.product"].filter("product_name IS NOT NULL")
    named = name_stems(products, "product_key", "product_name").distinct()
    held = ingredients(tables, names.filter("kind <> 'brand'")).select("product_key", "substance_key").distinct()
    sets = held.groupBy("product_key").agg(F.sort_array(F.collect_set("substance_key")).alias("keys"))
    same = named.filter("length(stem) > 2").join(sets, on="product_key", how="inner").groupBy("stem")
    agreed = same.agg(F.min("keys").alias("keys"), F.countDistinct("keys").alias("n")).filter("n = 1")
    return agreed.select(
        F.col("stem").alias("normalised_name"), F.explode("keys").alias("substance_key"), F.lit("brand").alias("kind")
    )


def name_stems(names: DataFrame, key: str, name: str) -> DataFrame:
    """Stems of products' names: `key` and `stem`; a name can be its own key."""
    pairs = names.select(F.col(key).alias("product_key"), F.col(name).alias("product_name")).distinct()
    return pairs.mapInArrow(stems, STEM_SQL).withColumnRenamed("product_key", key)


def ingredients(tables: Tables, names: DataFrame) -> DataFrame:
    """Compositions with the moiety of each ingredient."""
    rows = tables["silver.product_substance"].select("product_key", "source", "source_substance_name").distinct()
    own = rows.select(F.col("source_substance_name").alias("original")).distinct().mapInArrow(spread_forms, FORMS_SQL)
    own = own.filter("rank = 0").select(F.col("original").alias("source_substance_name"), "form")
    keyed = names.select(F.col("normalised_name").alias("form"), "substance_key")
    return rows.join(own, on="source_substance_name", how="inner").join(keyed, on="form", how="inner")
