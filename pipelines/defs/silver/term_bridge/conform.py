"""From dictionaries to events: names compared form by form, then synonyms, then the reviewed list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.term_bridge.names import METHODS, spread
from pipelines.defs.silver.term_bridge.reviewed import PAIRS
from pipelines.defs.silver.term_bridge.tables import TermBridge
from pipelines.frames.cache import cache
from pipelines.frames.columns import looked_up
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

FORM_SQL = "term_key string, rank int, form string"
CONFIDENCE = {"exact": 1.0, "spelling": 0.97, "word_order": 0.92, "reviewed": 0.9, "synonym": 0.8}
ORDER = ("exact", "spelling", "word_order", "reviewed", "synonym")


def bridged(lake: Tables) -> dict[str, float]:
    """Share of the VeDDRA terms that are joined to a human preferred term: of all, and as they occur in reports."""
    bridge = lake["silver.term_bridge"].filter("dictionary = 'veddra'")
    is_joined = (F.col("method") != "own").cast("int")
    of_terms = bridge.agg(F.avg(is_joined)).first()
    events = lake["silver.report_event"].filter("term_key LIKE 'veddra:%'").select("term_key")
    of_events = events.join(bridge, on="term_key", how="inner").agg(F.avg(is_joined)).first()
    shares = {"share bridged: terms": of_terms, "share bridged: occurrences": of_events}
    return {name: round(float(row[0]), 4) for name, row in shares.items() if row is not None and row[0] is not None}


@step(TermBridge, "silver.term", measure=bridged, measured_on=("silver.report_event",))
def term_bridge(tables: Tables) -> DataFrame:
    """Give every term its event: the human preferred term that it matches best, else itself."""
    terms = (
        tables["silver.term"]
        .filter("known_to IS NULL")
        .select("term_key", "dictionary", "term_name", "pt_code", "pt_name")
    )
    human = terms.filter("dictionary = 'preferred_term'")
    animal = terms.filter("dictionary = 'veddra'")
    known = cache(_forms(human))
    own = human.select(
        "term_key",
        "dictionary",
        "term_name",
        F.col("term_key").alias("event_key"),
        F.col("term_name").alias("event_name"),
        F.lit("own").alias("method"),
        F.lit(1.0).alias("confidence"),
    )
    named = F.concat(F.lit("preferred_term:"), F.upper(F.regexp_replace(F.trim("pt_name"), r"\s+", " ")))
    lowest = terms.filter("dictionary = 'meddra' AND pt_name IS NOT NULL").select(
        "term_key",
        "dictionary",
        "term_name",
        named.alias("event_key"),
        F.col("pt_name").alias("event_name"),
        F.lit("code").alias("method"),
        F.lit(1.0).alias("confidence"),
    )
    found = _matches(animal, known)
    names = human.select(F.col("term_key").alias("event_key"), F.col("term_name").alias("event_name"))
    linked = found.join(names, on="event_key", how="inner")
    joined = animal.select("term_key", "dictionary", "term_name", "pt_code", "pt_name").join(
        linked, on="term_key", how="left"
    )
    alone = F.col("event_key").isNull()
    group = F.concat(F.lit("veddra_pt:"), F.coalesce("pt_code", "term_key"))
    rest = joined.select(
        "term_key",
        "dictionary",
        "term_name",
        F.when(alone, group).otherwise(F.col("event_key")).alias("event_key"),
        F.when(alone, F.coalesce("pt_name", "term_name")).otherwise(F.col("event_name")).alias("event_name"),
        F.when(alone, "own").otherwise(F.col("method")).alias("method"),
        F.when(alone, 1.0).otherwise(F.col("confidence")).alias("confidence"),
    )
    return conformed(own.unionByName(lowest).unionByName(rest), TermBridge)


def _forms(terms: DataFrame) -> DataFrame:
    named = terms.select("term_key", F.col("term_name").alias("name")).filter("name IS NOT NULL")
    return named.mapInArrow(spread, FORM_SQL)


def _matches(animal: DataFrame, known: DataFrame) -> DataFrame:
    """The best match of each VeDDRA term: term_key, event_key, method, confidence."""
    events = known.select("rank", "form", F.col("term_key").alias("event_key"))
    first = events.groupBy("rank", "form").agg(F.min("event_key").alias("event_key"))
    own = cache(_forms(animal)).join(F.broadcast(first), on=["rank", "form"], how="inner")
    by_name = own.select("term_key", "event_key", F.element_at(_texts(METHODS), F.col("rank") + 1).alias("method"))
    pairs = animal.sparkSession.createDataFrame(list(PAIRS), "name string, human string")
    listed = pairs.select(_lower("name").alias("name"), _lower("human").alias("form"))
    exact = first.filter("rank = 0").select("form", "event_key")
    targets = listed.join(exact, on="form", how="inner").select("name", "event_key")
    names = animal.select("term_key", _lower("term_name").alias("name"))
    remarks = F.trim(F.regexp_replace("name", r"\([^()]*\)", ""))
    spelled = names.unionByName(names.select("term_key", remarks.alias("name"))).distinct()
    by_list = spelled.join(F.broadcast(targets), on="name", how="inner")
    by_list = by_list.select("term_key", "event_key", F.lit("reviewed").alias("method"))
    direct = by_name.unionByName(by_list)
    siblings = animal.filter("pt_code IS NOT NULL").select("term_key", "pt_code")
    agreed = (
        direct.join(siblings, on="term_key", how="inner")
        .groupBy("pt_code")
        .agg(F.min("event_key").alias("event_key"), F.countDistinct("event_key").alias("n"))
    )
    by_sibling = siblings.join(agreed.filter("n = 1"), on="pt_code", how="inner")
    by_sibling = by_sibling.select("term_key", "event_key", F.lit("synonym").alias("method"))
    every = direct.unionByName(by_sibling).withColumn("place", F.array_position(_texts(ORDER), F.col("method")))
    best = Window.partitionBy("term_key").orderBy("place", "event_key")
    chosen = every.withColumn("_n", F.row_number().over(best)).filter("_n = 1")
    confidence = looked_up(F.col("method"), CONFIDENCE).alias("confidence")
    return chosen.select("term_key", "event_key", "method", confidence)


def _texts(values: tuple[str, ...]) -> Column:
    return F.array(*map(F.lit, values))


def _lower(column: str) -> Column:
    return F.lower(F.trim(F.regexp_replace(column, r"\s+", " ")))
