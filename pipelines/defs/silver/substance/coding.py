"""Reported names to substances: by the dictionary, form after form, by the nearest spelling, else as reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.substance.brands import VETERINARY_BRANDS
from pipelines.defs.silver.substance.tables import NameCoding
from pipelines.defs.silver.substance.tasks import nearest_names, spread_parts
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed
from pipelines.frames.history import SPAN, always, meeting, merged, over_time, spans

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

KEY = ["source", "reported_name", "reported_substance"]
CODED = [*KEY, *SPAN]
THEN = [*KEY, "known_from"]  # tells the spans of a name apart; the end of one that stands is null and joins nothing
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


def shares_coded(lake: Tables) -> dict[str, float]:
    """Share of the records of each source whose product name was coded."""
    is_coded = ~F.col("coding_method").isin(*NOT_CODED)
    share = F.sum(F.when(is_coded, F.col("n_records")).otherwise(0)) / F.sum("n_records")
    rows = lake["silver.name_coding"].filter("known_to IS NULL").groupBy("source").agg(share.alias("share")).collect()
    return {f"share coded: {r['source']}": round(float(r["share"]), 4) for r in rows}


@step(NameCoding, "silver.product_as_reported", "silver.substance_name", measure=shares_coded)
def name_coding(tables: Tables) -> DataFrame:
    """Code every distinct reported name of every source."""
    reported = tables["silver.product_as_reported"].select(
        "source",
        F.coalesce("reported_name", F.lit("")).alias("reported_name"),
        F.coalesce("reported_substance", F.lit("")).alias("reported_substance"),
    )
    return code(reported.groupBy(*KEY).agg(F.count("*").alias("n_records")), tables["silver.substance_name"])


def code(reported: DataFrame, names: DataFrame) -> DataFrame:
    """Code distinct names (`KEY`, n_records) by a dictionary of names; returns `NameCoding` rows.

    Three attempts in order, the first that resolves all its parts wins: the ingredient text split at its joints, the
    product name whole, the product name split. A name none of them resolves is matched by spelling: the nearest name of
    the same first letter with a similarity of at least 0.93 (normalised indel), for names of six letters or more.
    What no dictionary holds counts under its own normalised name (`reported:…`). Each name is coded anew wherever a
    release changes what the dictionary says of one of its forms.
    """
    reported = cache(reported)
    spread = cache(reported.mapInArrow(spread_parts, PART_SQL))
    asked = always(reported.select(*KEY))
    met = cache(spans(asked.unionByName(_found(spread, names), allowMissingColumns=True), KEY))
    asked = met.filter("form IS NULL").select(*CODED)
    hits = cache(_hits(met.filter("form IS NOT NULL")))
    coded = cache(_best_attempt(hits))
    rest = asked.join(coded.select(*THEN), on=THEN, how="left_anti")
    near = _near(rest, spread, names)
    split = cache(spans(rest.unionByName(near, allowMissingColumns=True), KEY))
    fuzzy = cache(_nearest(split.filter("matched IS NOT NULL")))
    rest = split.filter("matched IS NULL").select(*CODED).join(fuzzy.select(*THEN), on=THEN, how="left_anti")
    rest = cache(rest)
    own = cache(_as_reported(rest, spread, hits))
    nothing = rest.join(own.select(*THEN), on=THEN, how="left_anti").withColumn("coding_method", F.lit("uncoded"))
    every = coded.unionByName(fuzzy)
    for part in (own, nothing):
        every = every.unionByName(part, allowMissingColumns=True)
    counts = reported.select(*KEY, "n_records")
    return conformed(merged(every, KEY).join(counts, on=KEY, how="inner"), NameCoding)


def _found(spread: DataFrame, names: DataFrame) -> DataFrame:
    """Forms of the reported names that the dictionary knows: its substances, whether it is a brand, and when.

    A name has several substances where it is a combined brand; the listed brands stand in where no register holds them.
    """
    pairs = list(VETERINARY_BRANDS.items())
    listed = spread.sparkSession.createDataFrame(pairs, "brand string, inn string")
    listed = listed.join(names.withColumnRenamed("normalised_name", "inn"), on="inn", how="inner")
    listed = listed.select(F.col("brand").alias("form"), "substance_key", F.lit("brand").alias("kind"), *SPAN)
    known = names.select(F.col("normalised_name").alias("form"), "substance_key", "kind", *SPAN)
    every = known.withColumn("rank", F.lit(0)).unionByName(listed.withColumn("rank", F.lit(1)))
    used = every.join(spread.select("form").distinct(), on="form", how="left_semi")

    def first(stands: Column) -> Column:
        least = F.array_min(F.transform(stands, lambda n: n["rank"]))
        mine = F.filter(stands, lambda n: n["rank"] == least)
        keys = F.array_sort(F.array_distinct(F.transform(mine, lambda n: n["substance_key"])))
        is_brand = F.exists(mine, lambda n: n["kind"] == "brand")
        return F.when(F.size(stands) > 0, F.struct(keys.alias("keys"), is_brand.alias("is_brand")))

    dictionary = over_time(used, ["form"], first).drop("is_current")
    return spread.drop("n_records").join(dictionary, on="form", how="inner")


def _hits(found: DataFrame) -> DataFrame:
    """Best form of each part that the dictionary knows at the time."""
    part = [*CODED, "attempt", "part"]
    best = Window.partitionBy(*part).orderBy("rank")
    first = found.withColumn("n", F.row_number().over(best)).filter("n = 1")
    method = F.when(F.col("is_brand"), "brand").otherwise(F.col("method"))
    return first.select(*part, "n_parts", "keys", "form", method.alias("method"))


def _best_attempt(hits: DataFrame) -> DataFrame:
    """Names whose parts are all known in an attempt: all their substances, the weakest method, the least score."""
    weakness = F.lit(0)
    score = F.lit(0.0)
    for i, method in enumerate(WEAKEST_FIRST):
        weakness = F.when(F.col("method") == method, i).otherwise(weakness)
        score = F.when(F.col("method") == method, SCORES.get(method, 0.0)).otherwise(score)
    tried = hits.withColumns({"weakness": weakness, "score": score}).groupBy(*CODED, "attempt")
    whole = tried.agg(
        F.count("*").alias("n_found"),
        F.max("n_parts").alias("n_parts"),
        F.sort_array(F.array_distinct(F.flatten(F.collect_list("keys")))).alias("substance_keys"),
        F.min_by("method", "weakness").alias("coding_method"),
        F.min("score").alias("coding_score"),
        F.array_join(F.sort_array(F.collect_set("form")), " + ").alias("matched_name"),
    ).filter("n_found = n_parts")
    first = Window.partitionBy(*CODED).orderBy("attempt")
    chosen = whole.withColumn("n", F.row_number().over(first)).filter("n = 1")
    return chosen.select(*CODED, "substance_keys", "coding_method", "coding_score", "matched_name")


def _as_reported(rest: DataFrame, spread: DataFrame, hits: DataFrame) -> DataFrame:
    """Names that are kept as they are: of the ingredients where there are any, else of the product.

    An ingredient that the dictionary does hold is that substance, whatever stands beside it.
    """
    is_name = F.col("form").rlike(r"\p{L}{2}") & ~F.col("form").isin(*NO_NAMES)
    named = spread.filter("rank = 0 AND attempt < 2").filter(is_name)
    first = F.min("attempt").over(Window.partitionBy(*KEY))
    kept = named.withColumn("_first", first).filter("attempt = _first").select(*KEY, "attempt", "part", "form")
    asked = kept.join(rest, on=KEY, how="inner")
    part = [*THEN, "attempt", "part"]
    known = meeting(rest, hits.select(*CODED, "attempt", "part", "keys"), KEY).select(*part, "keys")
    keys = F.coalesce("keys", F.array(F.concat(F.lit("reported:"), "form")))
    listed = asked.join(known, on=part, how="left").groupBy(*CODED)
    listed = listed.agg(F.sort_array(F.array_distinct(F.flatten(F.collect_list(keys)))).alias("substance_keys"))
    return listed.select(*CODED, "substance_keys", F.lit("as_reported").alias("coding_method"))


def _near(rest: DataFrame, spread: DataFrame, names: DataFrame) -> DataFrame:
    """Names of the dictionary that are one slip away from a reported one: compared by first letter, in batches."""
    wanted = spread.filter("part = 0 AND n_parts = 1 AND method <> 'salt_stripped'").drop("n_records")
    wanted = wanted.filter(F.length("form") >= SHORTEST_FUZZY).join(rest, on=KEY, how="inner")
    asked = wanted.select("form").distinct().withColumn("letter", F.substring("form", 1, 1))
    known = names.filter((F.length("normalised_name") >= SHORTEST_FUZZY) & (F.length("normalised_name") <= 40))
    letters = known.select("normalised_name", F.substring("normalised_name", 1, 1).alias("letter")).distinct()
    near = cache(asked.groupBy("letter").cogroup(letters.groupBy("letter")).applyInArrow(nearest_names, FUZZY_SQL))
    matched = known.withColumnRenamed("normalised_name", "matched").join(near, on="matched", how="left_semi")

    def all_keys(stands: Column) -> Column:
        keys = F.array_sort(F.array_distinct(F.transform(stands, lambda n: n["substance_key"])))
        return F.when(F.size(stands) > 0, F.struct(keys.alias("substance_keys")))

    keys = over_time(matched.select("matched", "substance_key", *SPAN), ["matched"], all_keys)
    found = wanted.join(near, on="form", how="inner")
    columns = ("attempt", "rank", "matched", "score", "substance_keys")
    return meeting(found, keys.drop("is_current"), ["matched"]).select(*CODED, *columns)


def _nearest(near: DataFrame) -> DataFrame:
    """The nearest name of each at each time."""
    best = Window.partitionBy(*CODED).orderBy(F.desc("score"), "attempt", "rank", "matched")
    first = near.withColumn("n", F.row_number().over(best)).filter("n = 1")
    return first.select(
        *CODED,
        "substance_keys",
        F.lit("fuzzy").alias("coding_method"),
        F.col("score").alias("coding_score"),
        F.col("matched").alias("matched_name"),
    )
