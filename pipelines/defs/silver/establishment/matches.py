"""Establishments without identifier beside those of the same place that they may be, by the words of their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.establishment.tables import EstablishmentMatch
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

LEAST = 0.7
COMMON = 0.25  # weight of a word that many names hold, and of the place's own name; of any other word 1
SLIP = 0.9  # likeness of letters from which a name is a slip of another
COMMON_WORDS = (
    *(
        "LAB",
        "PHARM",
        "RES",
        "SERVICES",
        "MEDICAL",
        "CENTER",
        "CENTRE",
        "INSTITUTE",
        "UNIVERSITY",
        "PHARMACY",
        "HEALTH",
    ),
    *(
        "PRODUCTS",
        "SOLUTIONS",
        "DEVELOPMENT",
        "NATIONAL",
        "AMERICAN",
        "CLINICAL",
        "FOUNDATION",
        "HOSPITAL",
        "USA",
        "US",
    ),
    *("INTERNATIONAL", "GLOBAL", "GROUP", "TECHNOLOGY", "TECHNOLOGIES", "SCIENCES", "ANIMAL", "COLLEGE", "SCHOOL"),
)
APART = "UNIVERSITY"  # its departments are inspected each for itself


@step(EstablishmentMatch, "silver.establishment")
def establishment_match(tables: Tables) -> DataFrame:
    """Pairs of keys in one place whose names are alike."""
    named = in_few_tasks(tables["silver.establishment"]).filter("is_current AND stem IS NOT NULL AND city IS NOT NULL")
    place = F.upper(F.concat_ws("|", "city", F.coalesce("country", F.lit(""))))
    each = named.groupBy("establishment_key", "scheme", "stem", place.alias("place")).agg(
        F.min("valid_from").alias("known_from")
    )
    other = each.select("place", *[F.col(c).alias(f"other_{c}") for c in ("scheme", "stem", "known_from")],
                        F.col("establishment_key").alias("other_key"))  # fmt: skip
    pairs = each.filter("scheme = 'NAME'").join(other, on="place", how="inner")
    is_once = (F.col("other_scheme") != "NAME") | (F.col("establishment_key") < F.col("other_key"))
    scored = pairs.filter(is_once).withColumn("score", likeness("stem", "other_stem", "place"))
    kept = scored.filter(F.col("score") >= LEAST).groupBy("establishment_key", "other_key")
    known = F.min(F.greatest("known_from", "other_known_from"))
    return conformed(kept.agg(F.max("score").alias("score"), known.alias("known_from")), EstablishmentMatch)


def likeness(one: str, other: str, place: str) -> Column:
    """Share 0..1 of the weight of their words that two stems hold both: of the shorter, of both for universities.

    Names that differ by few letters have the likeness of their letters.
    """
    words, others = F.array_distinct(F.split(one, " ")), F.array_distinct(F.split(other, " "))
    local = F.split(F.col(place), "[^A-Z0-9]+")

    def weight(listed: Column) -> Column:
        def add(total: Column, word: Column) -> Column:
            is_common = word.isin(*COMMON_WORDS) | F.array_contains(local, word)
            return total + F.when(is_common, COMMON).otherwise(1.0)

        return F.aggregate(listed, F.lit(0.0), add)

    is_apart = F.array_contains(words, APART) & F.array_contains(others, APART)
    of = F.when(is_apart, weight(F.array_union(words, others))).otherwise(F.least(weight(words), weight(others)))
    common = weight(F.array_intersect(words, others))
    shared = F.when(common >= 1, common / of).otherwise(0.0)  # words of many names alone tell nothing
    letters = 1 - F.levenshtein(one, other) / F.greatest(F.length(one), F.length(other))
    return F.greatest(shared, F.when(letters >= SLIP, letters).otherwise(0.0))
