"""CAERS rows to the common report tables: a file of a name is the state of its reports at its date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.identity import CAERS, own_number
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory
from pipelines.defs.silver.term.tables import Term
from pipelines.defs.sources.caers import codes
from pipelines.frames.columns import coded, identifier, is_day, plain, said
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number
from pipelines.frames.readings import read
from pipelines.frames.versions import extracted, preferred_term, preferred_terms

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

ROWS = "bronze.caers_row"
# A piece that begins with one of these belongs to the term before its comma.
SPLIT = r"(?i),(?!\s*(?:nos|unspecified|stage|site|recurrent|metastatic|intentional|accidental)\b)"


def _versions(tables: Tables) -> DataFrame:
    """States of each report: what any of its rows tells of it, its products and its terms, from when until when."""
    rows = tables[ROWS].withColumn("report_id", identifier("report_id")).filter("report_id IS NOT NULL")
    product = F.struct(
        F.coalesce(plain("product_type"), F.lit("")).alias("role"),
        F.coalesce(F.trim("product"), F.lit("")).alias("name"),
        F.coalesce(F.trim("product_code"), F.lit("")).alias("code"),
    )
    slot = F.regexp_extract(F.lower("file"), r"([^/]+?)\.csv(\.gz)?$", 1)
    states = rows.groupBy(
        F.col("report_id").alias("source_case_id"),
        F.regexp_replace(slot, r"[-_ ]?(19|20)\d\d-?[01]\d-?[0-3]\d", "").alias("slot"),
        "known_date",
    ).agg(
        F.min(_date("created_date")).alias("received"),
        F.min(_date("event_date")).alias("onset_date"),
        F.min(_age()).alias("age_years"),
        F.min(coded("sex", codes.SEXES)).alias("sex"),
        F.upper(F.array_join(F.sort_array(F.collect_set(said("outcomes"))), ", ")).alias("outcomes"),
        F.sort_array(F.collect_set(product)).alias("products"),
        F.sort_array(F.array_distinct(F.flatten(F.collect_list(_terms("terms"))))).alias("terms"),
    )
    return extracted(states, "caers")


def _terms(column: str) -> Column:
    items = F.transform(F.split(F.coalesce(column, F.lit("")), SPLIT), lambda x: F.trim(x))
    return F.filter(items, lambda x: x != "")


def _date(column: str) -> Column:
    return read(column, lambda text: is_day(F.coalesce(*[F.try_to_date(F.trim(text), p) for p in codes.DATES])))


def _age() -> Column:
    unit = F.regexp_extract(F.upper("age_units"), r"^\s*(YEAR|MONTH|WEEK|DAY|DECADE|HOUR)", 1)
    factor = F.lit(None)
    for name, years in codes.AGE_IN_YEARS.items():
        factor = F.when(unit == name, years).otherwise(factor)
    return number("patient_age") * factor


@feed(ReportHistory, ROWS)
def report_history(tables: Tables) -> DataFrame:
    """Versions of the reports, and a last, retracted one where a later file of the name lacks the report."""
    versions = _versions(tables)
    is_cosmetic = F.exists("products", lambda p: (p["code"].startswith(codes.COSMETICS)) & (p["role"] != "CONCOMITANT"))
    flags = {name: F.col("outcomes").rlike(words) for name, words in codes.SERIOUS.items()}
    told = F.col("outcomes") != ""
    serious = F.col("outcomes").rlike("|".join(codes.SERIOUS.values()))
    return conformed(
        versions.select(
            *("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest"),
            *("is_retracted", "received_first_date", "received_latest_date"),
            F.when(is_cosmetic, "cosmetic").otherwise("nutrition").alias("domain"),
            F.lit("ANSES").alias("agency"),
            F.array(own_number(CAERS, "source_case_id")).alias("other_case_ids"),
            "onset_date",
            F.when(F.col("onset_date").isNotNull(), "day").alias("onset_precision"),
            F.when(told, serious).alias("is_serious"),
            *[F.when(told, flag).alias(name) for name, flag in flags.items()],
            *("sex", "age_years"),
            F.lit("human").alias("species"),
        ),
        ReportHistory,
    )


@feed(ProductAsReported, ROWS)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version."""
    rows = _versions(tables).select("report_key", "report_version", F.posexplode("products").alias("place", "product"))
    code, role = F.col("product.code"), F.col("product.role")
    kind = (
        F.when(code.startswith(codes.COSMETICS), "cosmetic")
        .when(code.startswith(codes.SUPPLEMENTS), "food_supplement")
        .when(code != "", "food")
    )
    return conformed(
        rows.select(
            *("report_key", "report_version"),
            (F.col("place") + 1).alias("product_seq"),
            F.lit("caers").alias("source"),
            F.when(role == "SUSPECT", "suspect")
            .when(role == "CONCOMITANT", "concomitant")
            .otherwise("unknown")
            .alias("role"),
            kind.alias("product_type"),
            F.nullif(code, F.lit("")).alias("product_category"),
            F.nullif(F.col("product.name"), F.lit("")).alias("reported_name"),
        ),
        ProductAsReported,
    )


@feed(ReportEvent, ROWS)
def report_event(tables: Tables) -> DataFrame:
    """Terms of every version."""
    rows = _versions(tables).select("report_key", "report_version", F.explode("terms").alias("reported_term"))
    once = rows.groupBy("report_key", "report_version", preferred_term("reported_term").alias("term_key"))
    named = once.agg(F.min("reported_term").alias("reported_term"))
    order = Window.partitionBy("report_key", "report_version").orderBy("term_key")
    return conformed(
        named.withColumns(
            {"event_seq": F.row_number().over(order), "source": F.lit("caers"), "coding_method": F.lit("exact")}
        ),
        ReportEvent,
    )


@feed(Term, ROWS)
def term(tables: Tables) -> DataFrame:
    """Distinct term texts."""
    texts = tables[ROWS].select("known_date", F.explode(_terms("terms")).alias("text"))
    return conformed(preferred_terms(texts, "text"), Term)
