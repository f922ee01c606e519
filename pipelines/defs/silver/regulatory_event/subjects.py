"""What acts are about: every printed name and reaction beside the substance and the term that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.regulatory_event.acts import ACT
from pipelines.defs.silver.regulatory_event.reactions import METHODS, SPREAD_SQL, spread_reactions
from pipelines.defs.silver.regulatory_event.tables import RegulatoryEventSubject
from pipelines.defs.silver.substance.printed import PRINTED, UNCODED, substances_of_names
from pipelines.defs.silver.term_bridge.names import spread
from pipelines.frames.cache import cache
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

TERMS_SQL = "term_key string, rank int, form string"
SAID = [*PRINTED, "term_printed", "species"]
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
    substances = substances_of_names(told, tables["silver.substance_name"])
    substances = substances.withColumn("substance_key", F.explode("substance_keys")).drop("substance_keys")
    terms = _terms(told, tables["silver.term"])
    coded = told.join(substances, on=PRINTED, how="left")
    coded = coded.join(terms, on=["domain", "term_printed"], how="left")
    is_named = (F.col("substance_printed") != "") | (F.col("product_printed") != "")
    settled = coded.withColumns(
        {
            "substance_method": F.when(is_named, F.coalesce("substance_method", F.lit(UNCODED))),
            "term_method": F.when(F.col("term_printed") != "", F.coalesce("term_method", F.lit(UNCODED))),
        }
    )
    order = Window.partitionBy("source", *ACT).orderBy(*SAID, "substance_key", "term_key")
    numbered = settled.withColumn("subject_seq", F.row_number().over(order))
    blank = {c: F.nullif(F.col(c), F.lit("")) for c in SAID}
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
    return spread_out.groupBy("source", *ACT, *last, *SAID).agg(
        F.min("since").alias("known_from"), F.min("valid_from").alias("first_shown")
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
