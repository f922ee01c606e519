r"""EVVet's comma-joined lists back into items, by SQL functions alone.

Reactions are VeDDRA terms, so the dictionary says which of them hold commas. Product names come from no dictionary:
every national name of a product may stand there, in any language. What helps is how the list is made: its names are
distinct and in byte order, and a name begins with a capital. A piece is therefore the rest of the name before it where

- it stands within brackets: `Metacam 0.5 mg/ml - Oral suspension (cats, guinea pigs)`;
- it begins with no capital: `Neocort oogdruppels, voor honden en katten`, `Vetmedin, 2.5mg`;
- its first word is a *tail word*, learnt from all lists together: a word (`Tableta`, `Injekční`, `Kapsel`) with which
  some piece begins that is out of order between the nearest sure names around it, while most pieces that begin with
  it are no sure names. Sure names are the first of a list, those of the shape `Name strength - Form`, and those beside
  a piece that begins with the same word, as the national names of one product do.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.frames.cache import cache
from pipelines.frames.columns import one_line
from pipelines.frames.history import SPAN, always, merged, over_time, spans

PIECES = r"((?:[^,(]++|\([^()]*\)|\(|,(?! ))+)"
CENTRAL_NAME = r"\d.* - \p{L}"


def products(cases: DataFrame) -> DataFrame:
    """Split the distinct `drug` lists of a frame: `drug`, `product_seq` from 1, `product` as written."""
    pieces = _pieces(cases)
    tails = _tail_words(pieces).select("word", F.lit(True).alias("is_tail"))
    marked = pieces.join(F.broadcast(tails), on="word", how="left").withColumn(
        "is_name", (F.col("place") == 0) | (F.col("is_capital") & F.col("is_tail").isNull())
    )
    so_far = Window.partitionBy("drug").orderBy("place").rowsBetween(Window.unboundedPreceding, Window.currentRow)
    numbered = marked.withColumn("product_seq", F.sum(F.col("is_name").cast("int")).over(so_far).cast("int"))
    parts = F.sort_array(F.collect_list(F.struct("place", "piece")))
    return (
        numbered.groupBy("drug", "product_seq")
        .agg(F.array_join(F.transform(parts, lambda p: p["piece"]), ", ").alias("product"))
        .select("drug", "product_seq", F.trim("product").alias("product"))
    )


def _pieces(cases: DataFrame) -> DataFrame:
    """What stands between commas outside brackets, in its place, with its first word."""
    lists = cases.select("drug").filter("trim(drug) <> ''").distinct()
    pieces = F.regexp_extract_all("drug", F.lit(PIECES), F.lit(1))
    placed = lists.select("drug", F.posexplode(pieces).alias("place", "piece"))
    placed = placed.withColumn("piece", F.trim("piece")).filter("piece <> ''")
    return placed.withColumn("is_capital", F.col("piece").rlike(r"^\p{Lu}")).withColumn(
        "word", F.lower(F.regexp_extract("piece", r"^(\p{L}+)", 1))
    )


def _tail_words(pieces: DataFrame) -> DataFrame:
    """Learn which words begin the tail of a name: out of order somewhere, and mostly not surely names."""
    along = Window.partitionBy("drug").orderBy("place")
    until = along.rowsBetween(Window.unboundedPreceding, -1)
    onwards = along.rowsBetween(1, Window.unboundedFollowing)
    beside = F.lag("word").over(along).eqNullSafe(F.col("word")) | F.lead("word").over(along).eqNullSafe(F.col("word"))
    is_sure = (F.col("place") == 0) | beside | F.col("piece").rlike(CENTRAL_NAME)
    sure = F.when(F.col("is_sure"), F.col("piece"))
    counted = (
        pieces.filter((F.col("place") == 0) | F.col("is_capital"))
        .withColumn("is_sure", is_sure)
        .withColumn("before", F.last(sure, ignorenulls=True).over(until))
        .withColumn("after", F.first(sure, ignorenulls=True).over(onwards))
        .withColumn("is_in_order", F.expr("coalesce(before <= piece, true) AND coalesce(piece <= after, true)"))
        .groupBy("word")
        .agg(
            F.count(F.lit(1)).alias("n"),
            F.count_if("is_sure").alias("n_sure"),
            F.count_if(~F.col("is_in_order")).alias("n_out_of_order"),
        )
    )
    return counted.filter("n_out_of_order > 0 AND 2 * n_sure < n").select("word", "n", "n_sure", "n_out_of_order")


def reactions(cases: DataFrame, terms: DataFrame) -> DataFrame:
    """Split and code the distinct `reaction` lists: `reaction`, `event_seq` from 1, `reported_term`, `term_key`.

    `terms` is `silver.term`: a list is split and coded anew by each release, and has a row for each time it comes out
    otherwise. Longest match first, without regard to case and to the number of blanks; a text between commas that is no
    term stays as it is, with a null `term_key`.
    """
    named = terms.filter("dictionary = 'veddra'").select("term_key", normalised("term_name").alias("name"), *SPAN)
    named = over_time(named, ["name"], F.array_min)
    ever = always(named.sparkSession.range(1).select())
    named = cache(spans(named.drop("is_current").unionByName(ever, allowMissingColumns=True), []))
    entry = F.struct(-F.length("name"), F.concat(F.lit(r"\Q"), "name", F.lit(r"\E")))
    with_comma = F.collect_list(F.when(F.col("name").contains(","), entry))
    longest_first = F.transform(F.sort_array(with_comma), lambda e: e["col2"])
    pattern = named.groupBy(*SPAN).agg(
        F.concat(
            F.lit(r"(?iu)(?:^|, ?)((?:"),
            F.array_join(F.concat(longest_first, F.array(F.lit(r"[^,]+(?:,(?! )[^,]+)*"))), "|"),
            F.lit(r")(?=$|,))"),
        ).alias("pattern")
    )
    lists = cases.select("reaction").filter("trim(reaction) <> ''").distinct().crossJoin(F.broadcast(pattern))
    text = one_line("reaction")
    found = lists.select(
        "reaction", *SPAN, F.posexplode(F.regexp_extract_all(text, "pattern", F.lit(1))).alias("place", "reported_term")
    )
    known = F.broadcast(named.filter("name IS NOT NULL").select("name", "known_from", "term_key"))
    coded = found.withColumn("name", normalised("reported_term")).filter("name <> ''")
    coded = coded.join(known, on=["name", "known_from"], how="left")
    item = F.struct("place", F.trim("reported_term").alias("reported_term"), "term_key")
    lists = coded.groupBy("reaction", *SPAN).agg(F.sort_array(F.collect_list(item)).alias("items"))
    said = merged(lists.withColumn("items", F.transform("items", lambda i: i.dropFields("place"))), ["reaction"])
    items = said.select("reaction", *SPAN, F.posexplode("items").alias("n", "item"))
    return items.select("reaction", *SPAN, (F.col("n") + 1).alias("event_seq"), "item.*")


def normalised(column: str) -> Column:
    """Lower case, single blanks, none at the ends."""
    return F.lower(one_line(column))
