"""From the common report tables to integer codes."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.coded_report.heads import counting_versions
from pipelines.defs.silver.coded_report.tables import UNKNOWN, Code, CodedReport, CodeLevel, Stratum
from pipelines.defs.silver.report.tables import SUSPECT_ROLES
from pipelines.defs.silver.substance.codes import atc_codes
from pipelines.formats.countries import EEA
from pipelines.frames.ages import ADOLESCENT, ADULT, CHILD, ELDERLY
from pipelines.frames.columns import month
from pipelines.frames.conform import conformed
from pipelines.frames.history import BEGINNING, SPAN, meeting

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import Column

    from pipelines.frames.conform import Tables

VERSION = ["report_key", "report_version"]
MONTHS = ["month_from", "month_to"]
GIVEN_SQL = "array<struct<kind: string, is_suspect: boolean, code: int, first: int, end: int>>"
STRATIFIED = ["domain", "species", "age_group", "sex", "region", "seriousness", "report_type"]
TERM_LEVELS, ATC_LEVELS = ("pt", "hlt", "soc"), {"atc4": 5, "atc2": 3}


@step(Code, "silver.report_history", "silver.report_product", "silver.report_event")
def code(tables: Tables) -> DataFrame:
    """Number every substance and term that a report ever held, by when it was first known."""
    known = tables["silver.report_history"].select(*VERSION, *SPAN)
    kinds = {"substance": _taken(tables), "term": _terms(tables)}
    numbered = []
    for kind, keys in kinds.items():
        first = meeting(keys, known, VERSION).groupBy("key_coded")
        order = Window.orderBy("first_known", "key_coded")
        numbered.append(
            first.agg(F.min("known_from").alias("first_known")).select(
                F.lit(kind).alias("kind"), F.row_number().over(order).alias("code"), "key_coded", "first_known"
            )
        )
    return conformed(numbered[0].unionByName(numbered[1]), Code)


@step(CodeLevel, "silver.code", "silver.term", "silver.substance")
def code_level(tables: Tables) -> DataFrame:
    """Put every code into its groups: terms by their dictionary's hierarchy, substances by ATC."""
    codes = tables["silver.code"].select("kind", "code", "key_coded")
    levels = [_term_level(tables, level).withColumn("kind", F.lit("term")) for level in TERM_LEVELS]
    levels += [_atc_level(tables, *level).withColumn("kind", F.lit("substance")) for level in ATC_LEVELS.items()]
    grouped = reduce(DataFrame.unionByName, levels)
    listed = grouped.join(codes, on=["kind", "key_coded"], how="inner").drop("key_coded").distinct()
    order = Window.partitionBy("kind", "level").orderBy("group_key")
    return conformed(listed.withColumn("group_code", F.dense_rank().over(order)), CodeLevel)


def _term_level(tables: Tables, level: str) -> DataFrame:
    """Groups of terms at one level of their dictionary; a name that differs between releases is the first one."""
    named = tables["silver.term"].filter("known_to IS NULL").filter(F.col(f"{level}_code").isNotNull())
    key = F.concat_ws(":", "dictionary", F.lit(level), f"{level}_code")
    name = F.min(f"{level}_name").over(Window.partitionBy("dictionary", f"{level}_code"))
    return named.select(
        F.col("term_key").alias("key_coded"),
        F.lit(level).alias("level"),
        key.alias("group_key"),
        F.coalesce(name, key).alias("group_name"),
    )


def _atc_level(tables: Tables, level: str, length: int) -> DataFrame:
    """Groups of substances at one level of ATC; ATCvet is ATC with a Q before it, so that both meet in one group."""
    known = tables["silver.substance"].filter("known_to IS NULL")
    codes = known.select("substance_key", F.explode(atc_codes()).alias("atc"))
    group = F.substring("atc", 1, length)
    return (
        codes.filter(F.length("atc") >= length)
        .select(
            F.col("substance_key").alias("key_coded"),
            F.lit(level).alias("level"),
            F.concat(F.lit("atc:"), group).alias("group_key"),
            group.alias("group_name"),
        )
        .distinct()
    )


@step(Stratum, "silver.report_history")
def stratum(tables: Tables) -> DataFrame:
    """Number every stratum that occurs, by when it was first known."""
    strata = _stratified(tables["silver.report_history"]).groupBy(*STRATIFIED)
    order = Window.orderBy("first_known", *STRATIFIED)
    numbered = strata.agg(F.min("known_from").alias("first_known"))
    return conformed(numbered.withColumn("stratum", F.row_number().over(order) - 1), Stratum)


@step(
    CodedReport,
    *("silver.report_history", "silver.duplicate_link", "silver.report_product", "silver.report_event"),
    *("silver.code", "silver.stratum"),
)
def coded_report(tables: Tables) -> DataFrame:
    """Give every version that a month end saw as known, and as the head of its cluster, its stratum and its codes.

    Where a release recoded what it names, it counts under the one coding until then, and under the other from then on.
    """
    seen = counting_versions(_stratified(tables["silver.report_history"]), tables["silver.duplicate_link"])
    strata = F.broadcast(tables["silver.stratum"].select("stratum", *STRATIFIED))
    versions = seen.select(*VERSION, *STRATIFIED, *MONTHS).join(strata, on=STRATIFIED, how="inner")
    codes = F.broadcast(tables["silver.code"].select("kind", "key_coded", "code"))
    named = _taken(tables).withColumn("kind", F.lit("substance"))
    named = named.unionByName(_terms(tables).withColumn("kind", F.lit("term")), allowMissingColumns=True)
    given = named.join(codes, on=["kind", "key_coded"], how="inner").select(
        *VERSION, "kind", "is_suspect", "code", month("known_from").alias("first"), month("known_to").alias("end")
    )
    coded = versions.drop(*STRATIFIED).join(_given(given), on=VERSION, how="left")
    parts = coded.withColumn("part", F.explode(_parts())).drop("given", *MONTHS).select("*", "part.*").drop("part")
    return conformed(parts.sort("month_from", *VERSION), CodedReport)


def _given(codes: DataFrame) -> DataFrame:
    """All that a version was ever coded to, in one array: what a month end saw."""
    seen = codes.filter("end IS NULL OR first < end").groupBy(*VERSION)
    return seen.agg(F.collect_set(F.struct("kind", "is_suspect", "code", "first", "end")).alias("given"))


def _parts() -> Column:
    """Codes of a version between the months in which they change: month_from, month_to, substances, taken, terms."""
    given = F.coalesce("given", F.array().cast(GIVEN_SQL))
    changes = F.flatten(F.transform(given, lambda g: F.array(g["first"], g["end"])))
    inside = F.filter(
        changes, lambda m: (m > F.col("month_from")) & (F.col("month_to").isNull() | (m < F.col("month_to")))
    )
    starts = F.array_sort(F.array_distinct(F.array_append(inside, F.col("month_from"))))

    def codes(at: Column, kind: str, of: Callable[[Column], Column] = lambda g: F.lit(True)) -> Column:
        stands = F.filter(
            given,
            lambda g: (g["kind"] == kind) & of(g) & (g["first"] <= at) & (g["end"].isNull() | (g["end"] > at)),
        )
        return F.array_sort(F.array_distinct(F.transform(stands, lambda g: g["code"])))

    def part(at: Column, n: Column) -> Column:
        return F.struct(
            at.alias("month_from"),
            F.coalesce(F.get(starts, n + 1), F.col("month_to")).alias("month_to"),
            codes(at, "substance", lambda g: g["is_suspect"]).alias("substances"),
            codes(at, "substance").alias("taken"),
            codes(at, "term").alias("terms"),
        )

    return F.transform(starts, part)


def _taken(tables: Tables) -> DataFrame:
    """One row per version, substance of its products and coding of them, and whether the product is suspect."""
    products = tables["silver.report_product"].filter("substance_keys IS NOT NULL AND role <> 'not_administered'")
    is_suspect = F.col("role").isin(*SUSPECT_ROLES).alias("is_suspect")
    return products.select(*VERSION, is_suspect, F.explode("substance_keys").alias("key_coded"), *_coded())


def _terms(tables: Tables) -> DataFrame:
    events = tables["silver.report_event"].filter("term_key IS NOT NULL")
    return events.select(*VERSION, F.col("term_key").alias("key_coded"), *_coded())


def _coded() -> list[Column]:
    """The releases between which a product or event was coded so, as a span."""
    return [
        F.coalesce("coded_from", F.lit(BEGINNING)).alias("known_from"),
        F.col("coded_to").alias("known_to"),
    ]


def age_group(years: Column) -> Column:
    """Age group of people, from their age in years; null where that is not known."""
    return (
        F.when(years < CHILD, "infant")
        .when(years < ADOLESCENT, "child")
        .when(years < ADULT, "adolescent")
        .when(years < ELDERLY, "adult")
        .when(years >= ELDERLY, "elderly")
    )


def _stratified(history: DataFrame) -> DataFrame:
    """Add what reports are stratified by; what is not said is a value of its own."""
    age = F.when(F.col("species") == "human", F.col("age_years"))
    region = (
        F.when(F.col("country") == "FR", "france")
        .when(F.col("country").isin(*EEA), "eea")
        .when(F.col("country").isNotNull(), "other")
    )
    seriousness = F.when(F.col("is_serious"), "serious").when(~F.col("is_serious"), "not_serious")
    said = {"age_group": age_group(age), "sex": F.col("sex"), "region": region, "seriousness": seriousness}
    said["report_type"] = F.col("report_type")
    return history.withColumns({name: F.coalesce(column, F.lit(UNKNOWN)) for name, column in said.items()})
