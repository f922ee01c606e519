"""What acts are about: every printed name and reaction beside the substance and the term that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.regulatory_event.acts import ACT
from pipelines.defs.silver.regulatory_event.reactions import METHODS, SPREAD_SQL, spread_reactions
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEventSubject
from pipelines.defs.silver.substance.tasks import spread_parts
from pipelines.defs.silver.term_bridge.names import spread
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

NAMES_SQL = (
    "source string, reported_name string, reported_substance string, n_records bigint, "
    "attempt int, part int, n_parts int, rank int, form string, method string"
)
TERMS_SQL = "term_key string, rank int, form string"
PRINTED = ["substance_printed", "product_printed", "term_printed", "species"]
WEAKEST_FIRST = ("brand", "translated", "botanical", "salt_stripped", "code", "exact")
DICTIONARIES = {"human": ("preferred_term", "meddra"), "veterinary": ("veddra",)}


def shares_coded(lake: Tables) -> dict[str, float]:
    """Share of printed names and reactions that no dictionary holds, by source."""
    rows = (
        lake["silver.regulatory_event_subject"]
        .groupBy("source")
        .agg(
            *[
                F.try_divide(F.count_if(F.col(f"{what}_method") == "uncoded"), F.count(f"{what}_method")).alias(what)
                for what in ("substance", "term")
            ]
        )
    )
    return {
        f"share not coded: {what}, {r['source']}": round(float(r[what]), 4)
        for r in rows.collect()
        for what in ("substance", "term")
        if r[what] is not None
    }


@step(
    RegulatoryEventSubject,
    "silver.regulatory_event",
    "silver.substance_name",
    "silver.term",
    measure=shares_coded,
)
def regulatory_event_subject(tables: Tables) -> DataFrame:
    """Spread every version of every act, and code what is printed by the dictionaries of today."""
    told = cache(_told(tables["silver.regulatory_event"]))
    substances, terms = _substances(told, tables["silver.substance_name"]), _terms(told, tables["silver.term"])
    coded = told.join(substances, on=["substance_printed", "product_printed"], how="left")
    coded = coded.join(terms, on=["domain", "term_printed"], how="left")
    is_named = (F.col("substance_printed") != "") | (F.col("product_printed") != "")
    settled = coded.withColumns(
        {
            "substance_method": F.when(is_named, F.coalesce("substance_method", F.lit("uncoded"))),
            "term_method": F.when(F.col("term_printed") != "", F.coalesce("term_method", F.lit("uncoded"))),
        }
    )
    order = Window.partitionBy("source", *ACT).orderBy(*PRINTED, "substance_key", "term_key")
    numbered = settled.withColumn("subject_seq", F.row_number().over(order))
    blank = {c: F.nullif(F.col(c), F.lit("")) for c in PRINTED}
    return conformed(numbered.withColumns(blank), RegulatoryEventSubject)


def _told(events: DataFrame) -> DataFrame:
    """What the versions of each act print, each once, since when; '' for what is not printed."""

    def printed(column: str) -> Column:
        return F.explode(F.when(F.size(column) > 0, F.col(column)).otherwise(F.array(F.lit(""))))

    by_act = Window.partitionBy("source", *ACT)
    is_first = F.col("valid_from") == F.min("valid_from").over(by_act)
    since = F.when(is_first, F.col("known_from")).otherwise(F.greatest("known_from", "valid_from"))
    last = ("authority", "domain", "is_action", "section", "class_name")
    said = {c: F.max_by(c, "valid_from").over(by_act) for c in last}
    dated = events.withColumn("since", since).withColumns(said)
    names = dated.withColumn("substance_printed", printed("substances"))
    alone = F.when(F.col("substance_printed") == "", F.col("products"))
    spread_out = (
        names.withColumn("products", alone)
        .withColumn("product_printed", printed("products"))
        .withColumn("term_printed", printed("terms"))
        .withColumn("one_species", printed("species"))
        .drop("species")
        .withColumnRenamed("one_species", "species")
    )
    return spread_out.groupBy("source", *ACT, *last, *PRINTED).agg(
        F.min("since").alias("known_from"), F.min("valid_from").alias("first_shown")
    )


def _substances(told: DataFrame, names: DataFrame) -> DataFrame:
    """Substances of each printed name, all of whose parts the dictionary of today holds: one row a substance."""
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
            F.collect_set("substance_key").alias("keys"),
            F.min_by("_method", "_strength").alias("substance_method"),
        )
        .filter("n_found = n_parts")
    )
    first = Window.partitionBy(*printed).orderBy("attempt")
    chosen = whole.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    return chosen.select(
        F.col("reported_substance").alias("substance_printed"),
        F.col("reported_name").alias("product_printed"),
        F.explode("keys").alias("substance_key"),
        "substance_method",
    )


def _terms(told: DataFrame, terms: DataFrame) -> DataFrame:
    """Terms of each printed reaction, by the dictionaries of its domain: one row a term."""
    asked = told.filter("term_printed <> ''").select("domain", F.col("term_printed").alias("printed")).distinct()
    forms = asked.select("printed").distinct().mapInArrow(spread_reactions, SPREAD_SQL)
    place = F.lit(None).cast("int")
    domain = F.lit(None).cast("string")
    for name, listed in DICTIONARIES.items():
        for i, dictionary in enumerate(listed):
            place = F.when(F.col("dictionary") == dictionary, i).otherwise(place)
            domain = F.when(F.col("dictionary") == dictionary, name).otherwise(domain)
    current = terms.filter("known_to IS NULL AND term_name IS NOT NULL")
    dictionary = current.select("term_key", domain.alias("domain"), place.alias("place"))
    named = current.select("term_key", F.col("term_name").alias("name")).mapInArrow(spread, TERMS_SQL)
    found = (
        asked.join(forms, on="printed", how="inner")
        .join(named, on=["rank", "form"], how="inner")
        .join(dictionary, on=["term_key", "domain"], how="inner")
    )
    printed = ["domain", "printed"]
    best = Window.partitionBy(*printed, "attempt", "part").orderBy("rank", "place", "term_key")
    hits = found.withColumn("_n", F.row_number().over(best)).filter("_n = 1")
    whole = (
        hits.groupBy(*printed, "attempt")
        .agg(
            F.count("*").alias("n_found"),
            F.max("n_parts").alias("n_parts"),
            F.collect_set("term_key").alias("keys"),
            F.max("rank").alias("rank"),
        )
        .filter("n_found = n_parts")
    )
    first = Window.partitionBy(*printed).orderBy("attempt")
    chosen = whole.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    by_form = F.element_at(F.array(*map(F.lit, METHODS)), F.col("rank") + 1)
    return chosen.select(
        "domain",
        F.col("printed").alias("term_printed"),
        F.explode("keys").alias("term_key"),
        F.when(F.col("n_parts") > 1, "part").otherwise(by_form).alias("term_method"),
    )
