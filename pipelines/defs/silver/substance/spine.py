"""The dictionary of names: UNII's, the registers', and the brands of the registers' products."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.substance.tables import SubstanceName
from pipelines.defs.silver.substance.tasks import prepare, spread_forms, stems
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, always, first_serves_before, history, meeting, over_time

if TYPE_CHECKING:
    from pipelines.frames.conform import Tables

NAME = ("normalised_name", "substance_key", "kind")
LONGEST_NAME = 80
LAST = 1_000  # rank of what is taken where nothing else is
RANKS = {"preferred": 0, "official": 1, "synonym": 2, "salt": 3, "french": 4, "brand": 5}
PREPARED_SQL = (
    "substance_name string, name_type string, unii string, display_name string, dates array<date>, normalised string, "
    "base string, is_plant boolean"
)
FORMS_SQL = "original string, rank int, form string, method string"
STEM_SQL = "product_key string, stem string"


@step(SubstanceName, "bronze.unii_name", "silver.product_substance", "silver.product")
def substance_name(tables: Tables) -> DataFrame:
    """Every name that can be matched, with the moiety it stands for; one substance a name, but for combined brands.

    Names of UNII come first, then those of the registers' compositions, then the brands of their products: each by the
    releases that were known, so that a later one changes nothing before it.
    """
    unii = cache(_of_unii(tables["bronze.unii_name"]))
    named = cache(_first_of(unii, _of_registers(tables, unii)))
    return conformed(_first_of(named, _brands(tables, named)), SubstanceName)


def _first_of(*lists: DataFrame) -> DataFrame:
    """Names of several lists, each by the first list that has it at the time."""
    ranked = [names.select(*NAME, *SPAN, F.lit(rank).alias("rank")) for rank, names in enumerate(lists)]

    def first(stands: Column) -> Column:
        least = F.array_min(F.transform(stands, lambda n: n["rank"]))
        mine = F.filter(stands, lambda n: n["rank"] == least)
        keyed = F.transform(
            mine, lambda n: F.struct(n["substance_key"].alias("substance_key"), n["kind"].alias("kind"))
        )
        return F.when(F.size(stands) > 0, F.struct(F.array_sort(F.array_distinct(keyed)).alias("keys")))

    told = over_time(reduce(DataFrame.unionByName, ranked), ["normalised_name"], first)
    return told.select("normalised_name", *SPAN, "is_current", F.explode("keys").alias("key")).select(
        "normalised_name", "key.*", *SPAN, "is_current"
    )


def _of_unii(rows: DataFrame) -> DataFrame:
    """Names of each UNII release, each once: that of the best kind, salts and plant parts folded."""
    written = rows.filter(F.col("name_type").isin("of", "cn", "bn") & (F.length("substance_name") <= LONGEST_NAME))
    once = written.groupBy("substance_name", "name_type", "unii", "display_name")
    dated = once.agg(F.collect_set("known_date").alias("dates"))
    prepared = dated.mapInArrow(prepare, PREPARED_SQL).filter("normalised <> ''")
    prepared = cache(prepared.withColumn("known_date", F.explode("dates")).drop("dates"))
    official = F.when(F.expr("name_type = 'of' OR normalised = display_name"), F.col("unii"))
    order = F.struct(F.col("display_name").endswith(" WHOLE").alias("is_whole"), "unii")
    moieties = prepared.filter("name_type <> 'bn' OR normalised = display_name").groupBy("known_date", "normalised")
    moieties = moieties.agg(F.min(official).alias("of_salt"), F.min_by("unii", order).alias("of_part"))
    moiety = F.coalesce(F.when(F.col("is_plant"), F.col("of_part")).otherwise(F.col("of_salt")), F.col("unii"))
    of_base = moieties.withColumnRenamed("normalised", "base")
    folded = prepared.join(of_base, on=["known_date", "base"], how="left")
    kind = (
        F.when(F.col("name_type") == "bn", "brand")
        .when(F.col("unii") != F.col("moiety"), "salt")
        .when(F.col("normalised") == F.col("display_name"), "preferred")
        .when(F.col("name_type") == "of", "official")
        .otherwise("synonym")
    )
    ranked = folded.withColumn("moiety", moiety).withColumn("kind", kind).withColumn("rank", _rank())
    best = Window.partitionBy("known_date", "normalised").orderBy("rank", "moiety", "unii")
    chosen = ranked.withColumn("n", F.row_number().over(best)).filter("n = 1")
    observed = chosen.select(
        F.col("normalised").alias("normalised_name"),
        F.col("moiety").alias("substance_key"),
        *("kind", "known_date"),
        F.lit("unii").alias("slot"),
    )
    stood = history(observed, ["normalised_name"], "slot")
    return first_serves_before(stood.withColumnsRenamed({"valid_from": "known_from", "valid_to": "known_to"}))


def _rank() -> Column:
    rank = F.lit(9)
    for kind, value in RANKS.items():
        rank = F.when(F.col("kind") == kind, value).otherwise(rank)
    return rank


def since(rows: DataFrame, *key: str) -> DataFrame:
    """What a register has said since when, whether or not it still does: `key` and the span."""
    told = rows.groupBy("source", *key).agg(F.min("valid_from").alias("known_from"))
    first = first_serves_before(cache(told), "source").groupBy(*key).agg(F.min("known_from").alias("known_from"))
    return cache(first.withColumn("known_to", F.lit(None).cast("date")))


def _of_registers(tables: Tables, unii: DataFrame) -> DataFrame:
    """Names of the product registers: resolved by their linked fraction or their forms, or kept as they are."""
    rows = tables["silver.product_substance"].withColumnRenamed("source_substance_name", "original")
    known_since = since(rows, "original")
    spread = cache(known_since.select("original").mapInArrow(spread_forms, FORMS_SQL))
    known = unii.filter("kind <> 'brand'").select(F.col("normalised_name").alias("form"), "substance_key", *SPAN)
    hits = cache(spread.join(known, on="form", how="inner").select("original", "rank", "substance_key", *SPAN))
    own = spread.filter("rank = 0").select("original", F.col("form").alias("normalised_name"))
    kept = own.select(
        "original", F.lit(LAST).alias("rank"), F.concat(F.lit("name:"), F.col("normalised_name")).alias("substance_key")
    )
    linked = _by_fraction(rows, _best(hits))
    candidates = hits.unionByName(always(kept)).unionByName(linked.withColumn("rank", F.lit(-1)))
    best = cache(_best(candidates))  # a plan of more than about fifty steps is too deep for Connect's messages
    resolved = meeting(best, known_since, ["original"]).join(own, on="original", how="inner")
    once = over_time(resolved.drop("original", "is_current"), ["normalised_name"], F.array_min)
    return once.withColumn("kind", F.lit("french"))


def _best(candidates: DataFrame) -> DataFrame:
    """Moiety of each original name at each time: that of the least rank."""

    def first(stands: Column) -> Column:
        return F.when(F.size(stands) > 0, F.struct(F.array_min(stands)["substance_key"].alias("substance_key")))

    return over_time(candidates.select("original", "rank", "substance_key", *SPAN), ["original"], first)


def only(stands: Column) -> Column:
    """What all that stands agree on; null where they do not."""
    return F.when(F.size(F.array_distinct(stands)) == 1, F.get(stands, F.lit(0)))


def _by_fraction(rows: DataFrame, resolved: DataFrame) -> DataFrame:
    """Moiety by the register's own link from substance (SA) to therapeutic fraction (FT), where all products agree."""
    link = ["product_key", "source", "valid_from", "element", "link_number"]
    salt = rows.filter("nature = 'SA'").select(*link, "original")
    fraction = rows.filter("nature = 'FT'").select(*link, F.col("original").alias("fraction"))
    linked = since(salt.join(fraction, on=link, how="inner"), "original", "fraction")
    keys = resolved.select(F.col("original").alias("fraction"), "substance_key", *SPAN)
    return over_time(meeting(linked, keys, ["fraction"]).drop("fraction"), ["original"], only).drop("is_current")


def _brands(tables: Tables, names: DataFrame) -> DataFrame:
    """Brand stems of the registers' products, where all products of the stem hold the same moieties."""
    products = tables["silver.product"].filter("product_name IS NOT NULL")
    stemmed = name_stems(products, "product_name", "product_name").filter("length(stem) > 2")
    named = since(products.join(stemmed, on="product_name", how="inner"), "product_key", "stem")
    held = composed(tables, names.filter("kind <> 'brand'")).select("product_key", "substance_key", *SPAN).distinct()

    def agreed(stands: Column) -> Column:
        held_by = F.transform(
            F.array_distinct(F.transform(stands, lambda p: p["product_key"])),
            lambda key: F.array_sort(
                F.array_distinct(
                    F.transform(F.filter(stands, lambda p: p["product_key"] == key), lambda p: p["substance_key"])
                )
            ),
        )
        sets = F.array_distinct(held_by)
        return F.when(F.size(sets) == 1, F.struct(F.get(sets, F.lit(0)).alias("keys")))

    same = over_time(meeting(named, held, ["product_key"]), ["stem"], agreed)
    return same.select(
        F.col("stem").alias("normalised_name"),
        F.explode("keys").alias("substance_key"),
        F.lit("brand").alias("kind"),
        *SPAN,
    )


def name_stems(names: DataFrame, key: str, name: str) -> DataFrame:
    """Stems of products' names: `key` and `stem`; a name can be its own key."""
    pairs = names.select(F.col(key).alias("product_key"), F.col(name).alias("product_name")).distinct()
    return pairs.mapInArrow(stems, STEM_SQL).withColumnRenamed("product_key", key)


def ingredients(tables: Tables) -> DataFrame:
    """Compositions with the moiety that the dictionaries of today give each ingredient: product_key, substance_key."""
    rows = tables["silver.product_substance"].select("product_key", F.col("source_substance_name").alias("original"))
    own = rows.select("original").distinct().mapInArrow(spread_forms, FORMS_SQL).filter("rank = 0")
    names = tables["silver.substance_name"].filter("kind <> 'brand' AND known_to IS NULL")
    keyed = names.select(F.col("normalised_name").alias("form"), "substance_key")
    joined = rows.distinct().join(own, on="original", how="inner").join(keyed, on="form", how="inner")
    return joined.select("product_key", "substance_key").distinct()


def composed(tables: Tables, names: DataFrame) -> DataFrame:
    """Compositions with the moiety of each ingredient over time: product_key, form of its name, substance_key."""
    rows = tables["silver.product_substance"].withColumnRenamed("source_substance_name", "original")
    own = rows.select("original").distinct().mapInArrow(spread_forms, FORMS_SQL).filter("rank = 0")
    told = since(rows, "product_key", "original").join(own.select("original", "form"), on="original", how="inner")
    keyed = names.select(F.col("normalised_name").alias("form"), "substance_key", *SPAN)
    return cache(meeting(told, keyed, ["form"]).drop("original"))
