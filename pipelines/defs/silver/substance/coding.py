"""Reported names to substances: by the dictionary, form after form, by the nearest spelling, else as reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.core.kept import keep
from pipelines.defs.silver.substance.brands import VETERINARY_BRANDS
from pipelines.defs.silver.substance.tables import NameCoding
from pipelines.defs.silver.substance.tasks import nearest_names, spread_parts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables

KEY = ["source", "reported_name", "reported_substance"]
PART_SQL = (
    "source string, reported_name string, reported_substance string, n_records bigint, "
    "attempt int, part int, n_parts int, rank int, form string, method string"
)
FUZZY_SQL = "form string, matched string, score double"
SHORTEST_FUZZY = 6
SCORES = {"exact": 1.0, "code": 1.0, "botanical": 0.95, "salt_stripped": 0.95, "translated": 0.95, "brand": 0.9}
NOT_CODED = ("uncoded", "as_reported")
NO_NAMES = (
    "UNKNOWN",
    "UNK",
    "NONE",
    "NOT KNOWN",
    "NOT REPORTED",
    "NOT SPECIFIED",
    "UNSPECIFIED",
    "N/A",
    "NA",
    "INCONNU",
)
WEAKEST_FIRST = ("uncoded", "fuzzy", "brand", "translated", "botanical", "salt_stripped", "code", "exact")


@reads("silver.reported_product", "silver.substance_name")
def name_coding(tables: Tables) -> DataFrame:
    """Code every distinct reported name of every source."""
    reported = tables["silver.reported_product"].select(
        "source",
        F.coalesce("reported_name", F.lit("")).alias("reported_name"),
        F.coalesce("reported_substance", F.lit("")).alias("reported_substance"),
    )
    return code(reported.groupBy(*KEY).agg(F.count("*").alias("n_records")), tables["silver.substance_name"])


def shares_coded(lake: Tables) -> dict[str, float]:
    """Share of the records of each source whose product name was coded."""
    is_coded = ~F.col("coding_method").isin(*NOT_CODED)
    share = F.sum(F.when(is_coded, F.col("n_records")).otherwise(0)) / F.sum("n_records")
    rows = lake["silver.name_coding"].groupBy("source").agg(share.alias("share")).collect()
    return {f"share coded: {r['source']}": round(float(r["share"]), 4) for r in rows}


name_coding.measure = shares_coded  # type: ignore[attr-defined]


def code(reported: DataFrame, names: DataFrame) -> DataFrame:
    """Code distinct names (`KEY`, n_records) by a dictionary of names; returns `NameCoding` rows.

    Three attempts in order, the first that resolves all its parts wins: the ingredient text split at its joints, the
    product name whole, the product name split. A name none of them resolves is matched by spelling: the nearest name of
    the same first letter with a similarity of at least 0.93 (normalised indel), for names of six letters or more.
    What no dictionary holds counts under its own normalised name (`reported:…`).
    """
    reported = keep(reported)
    spread = keep(reported.mapInArrow(spread_parts, PART_SQL))
    hits = keep(_hits(spread, _dictionary(names, reported)))
    coded = _best_attempt(spread, hits)
    rest = reported.join(coded.select(*KEY), on=KEY, how="left_anti")
    fuzzy = _nearest(rest, spread, names)
    rest = rest.join(fuzzy.select(*KEY), on=KEY, how="left_anti")
    own = _as_reported(spread.join(rest.select(*KEY), on=KEY, how="left_semi"), hits)
    nothing = rest.join(own.select(*KEY), on=KEY, how="left_anti").withColumn("coding_method", F.lit("uncoded"))
    every = coded.unionByName(fuzzy)
    for part in (own, nothing):
        every = every.unionByName(part, allowMissingColumns=True)
    counts = reported.select(*KEY, "n_records")
    return conformed(every.drop("n_records").join(counts, on=KEY, how="inner"), NameCoding)


def _dictionary(names: DataFrame, reported: DataFrame) -> DataFrame:
    """One row per name: its substances (several for a combined brand), and whether it is a brand."""
    pairs = list(VETERINARY_BRANDS.items())
    spark = reported.sparkSession
    listed = spark.createDataFrame(pairs, "brand string, inn string")
    found = listed.join(names.withColumnRenamed("normalised_name", "inn"), on="inn", how="inner")
    extra = found.select(F.col("brand").alias("normalised_name"), "substance_key", F.lit("brand").alias("kind"))
    extra = extra.join(names.select("normalised_name"), on="normalised_name", how="left_anti")
    every = names.select("normalised_name", "substance_key", "kind").unionByName(extra)
    return every.groupBy(F.col("normalised_name").alias("form")).agg(
        F.sort_array(F.collect_set("substance_key")).alias("keys"), F.max(F.col("kind") == "brand").alias("is_brand")
    )


def _hits(spread: DataFrame, dictionary: DataFrame) -> DataFrame:
    """Best form of each part that the dictionary knows."""
    part = [*KEY, "attempt", "part"]
    best = Window.partitionBy(*part).orderBy("rank")
    found = spread.join(dictionary, on="form", how="inner").withColumn("n", F.row_number().over(best)).filter("n = 1")
    method = F.when(F.col("is_brand"), "brand").otherwise(F.col("method"))
    return found.select(*part, "n_parts", "keys", "form", method.alias("method"))


def _best_attempt(spread: DataFrame, hits: DataFrame) -> DataFrame:
    """Names whose parts are all known in an attempt: all their substances, the weakest method, the least score."""
    weakness = F.lit(0)
    score = F.lit(0.0)
    for i, method in enumerate(WEAKEST_FIRST):
        weakness = F.when(F.col("method") == method, i).otherwise(weakness)
        score = F.when(F.col("method") == method, SCORES.get(method, 0.0)).otherwise(score)
    tried = hits.withColumns({"weakness": weakness, "score": score}).groupBy(*KEY, "attempt")
    whole = tried.agg(
        F.count("*").alias("n_found"),
        F.max("n_parts").alias("n_parts"),
        F.sort_array(F.array_distinct(F.flatten(F.collect_list("keys")))).alias("substance_keys"),
        F.min_by("method", "weakness").alias("coding_method"),
        F.min("score").alias("coding_score"),
        F.array_join(F.sort_array(F.collect_set("form")), " + ").alias("matched_name"),
    ).filter("n_found = n_parts")
    first = Window.partitionBy(*KEY).orderBy("attempt")
    chosen = whole.withColumn("n", F.row_number().over(first)).filter("n = 1")
    return chosen.select(*KEY, "substance_keys", "coding_method", "coding_score", "matched_name")


def _as_reported(spread: DataFrame, hits: DataFrame) -> DataFrame:
    """Names that are kept as they are: of the ingredients where there are any, else of the product.

    An ingredient that the dictionary does hold is that substance, whatever stands beside it.
    """
    is_name = F.col("form").rlike(r"\p{L}{2}") & ~F.col("form").isin(*NO_NAMES)
    named = spread.filter("rank = 0 AND attempt < 2").filter(is_name)
    first = F.min("attempt").over(Window.partitionBy(*KEY))
    part = [*KEY, "attempt", "part"]
    kept = named.withColumn("_first", first).filter("attempt = _first").select(*part, "form")
    found = kept.join(hits.select(*part, "keys"), on=part, how="left")
    keys = F.coalesce("keys", F.array(F.concat(F.lit("reported:"), "form")))
    listed = found.groupBy(*KEY).agg(F.sort_array(F.array_distinct(F.flatten(F.collect_list(keys)))).alias("keys"))
    return listed.select(*KEY, F.col("keys").alias("substance_keys"), F.lit("as_reported").alias("coding_method"))


def _nearest(rest: DataFrame, spread: DataFrame, names: DataFrame) -> DataFrame:
    """Names that are one slip away from a dictionary name: compared by first letter, in Arrow batches."""
    wanted = spread.join(rest.select(*KEY), on=KEY, how="left_semi").filter(
        "part = 0 AND n_parts = 1 AND method <> 'salt_stripped'"
    )
    wanted = wanted.filter(F.length("form") >= SHORTEST_FUZZY)
    asked = wanted.select("form").distinct().withColumn("letter", F.substring("form", 1, 1))
    known = names.filter((F.length("normalised_name") >= SHORTEST_FUZZY) & (F.length("normalised_name") <= 40))
    known = known.select("normalised_name", F.substring("normalised_name", 1, 1).alias("letter")).distinct()
    near = asked.groupBy("letter").cogroup(known.groupBy("letter")).applyInArrow(nearest_names, FUZZY_SQL)
    keys = names.groupBy(F.col("normalised_name").alias("matched")).agg(
        F.sort_array(F.collect_set("substance_key")).alias("substance_keys")
    )
    best = Window.partitionBy(*KEY).orderBy(F.desc("score"), "attempt", "rank", "matched")
    found = wanted.join(near, on="form", how="inner").withColumn("n", F.row_number().over(best)).filter("n = 1")
    return found.join(keys, on="matched", how="inner").select(
        *KEY,
        "substance_keys",
        F.lit("fuzzy").alias("coding_method"),
        F.col("score").alias("coding_score"),
        F.col("matched").alias("matched_name"),
    )
