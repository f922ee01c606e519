"""openFDA records to the common report tables."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.identity import CAERS, fda_number, own_number
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.defs.silver.term.tables import Term
from pipelines.formats import icsr_report, veterinary
from pipelines.frames.columns import date_precision, identifier, looked_up, partial_date, said
from pipelines.frames.conform import conformed
from pipelines.frames.numbers import number
from pipelines.frames.versions import preferred_term, preferred_terms, sent_once, stated_versions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.table import Table
    from pipelines.frames.conform import Tables

DRUG, ANIMAL = "bronze.openfda_drug_event", "bronze.openfda_animal_event"
COSMETIC = "bronze.openfda_cosmetic_event"
SOURCE = "openfda"
AGE_IN_YEARS = {"year": 1.0, "month": 1 / 12, "week": 7 / 365.25, "day": 1 / 365.25, "decade": 10.0}
SEXES = {"male": "male", "female": "female", "m": "male", "f": "female"}
SERIOUS = {
    "is_death": "death",
    "is_life_threatening": "life threatening",
    "is_hospitalisation": "hospitali[sz]ation",
    "is_disability": "disability",
    "is_congenital_anomaly": "congenital anomaly",
    "is_other_serious": "other serious|intervention|serious injur",
}
PRODUCT_SQL = "array<struct<product_name string, role string>>"


def _states(rows: DataFrame, case: str, recency: Column, day: Column) -> DataFrame:
    """The last sending of each version of each report, a version being what it is by its recency."""
    stated = rows.withColumns(
        {
            "source_case_id": identifier(case),
            "recency": F.coalesce(recency, F.lit("")),
            "received": day,
            "is_retracted": F.lit(False),
        }
    )
    return stated_versions(sent_once(stated, ["source_case_id", "recency"]), SOURCE, [F.col("recency")])


def _number(column: str) -> Column:
    """Version number that the FDA states, written so that texts are in its order."""
    return F.lpad(F.coalesce(F.expr(f"try_cast(trim({column}) AS bigint)"), F.lit(0)).cast("string"), 12, "0")


def _drug_versions(tables: Tables) -> DataFrame:
    """Versions by their number, then by the date of the latest information."""
    number = _number("version")
    recency = F.concat(number, F.coalesce(icsr_report.digits("most_recent"), F.lit("")))
    return icsr_report.parsed(
        _states(tables[DRUG], "safety_report_id", recency, partial_date("most_recent")).withColumn(
            "warnings", F.lit(None).cast("string")
        )
    )


def _animal_versions(tables: Tables) -> DataFrame:
    """Each delivery that shows another content is a version: the endpoint has no version number."""
    rows = tables[ANIMAL].withColumn("unique_aer_id_number", identifier("unique_aer_id_number"))
    content = F.sha2(
        F.to_json(
            F.struct(*[c for c in rows.columns if c not in ("delivery_id", "file", "line_number", "known_date")])
        ),
        256,
    )
    told = rows.withColumn("_content", content)
    first = Window.partitionBy("unique_aer_id_number", "_content").orderBy("known_date", "delivery_id", "line_number")
    fresh = told.withColumn("_n", F.row_number().over(first)).filter("_n = 1").drop("_n", "_content")
    earliest = Window.partitionBy("unique_aer_id_number").orderBy("known_date", "delivery_id", "line_number")
    is_first = F.row_number().over(earliest) == 1
    day = F.when(is_first, partial_date("original_receive_date"))
    dated = fresh.withColumn("_day", day)
    recency = F.concat_ws(
        "/", F.col("known_date").cast("string"), "delivery_id", F.lpad(F.col("line_number").cast("string"), 12, "0")
    )
    return veterinary.parsed(_states(dated, "unique_aer_id_number", recency, F.col("_day")))


def _cosmetic_versions(tables: Tables) -> DataFrame:
    number = _number("report_version")
    recency = F.concat(number, F.coalesce(icsr_report.digits("latest_received_date"), F.lit("")))
    received = F.coalesce(partial_date("latest_received_date"), partial_date("initial_received_date"))
    return _states(tables[COSMETIC], "report_number", recency, received).withColumns(
        {
            "products": F.from_json("products", PRODUCT_SQL),
            "reactions": F.from_json("reactions", "array<string>"),
            "outcomes": F.lower(F.array_join(F.from_json("outcomes", "array<string>"), "; ")),
        }
    )


VERSION = ("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest")


@feed(ReportHistory, DRUG, ANIMAL, COSMETIC)
def report_history(tables: Tables) -> DataFrame:
    """Versions of the reports of all endpoints."""
    animals = _animal_versions(tables).select(
        *VERSION,
        *("is_retracted", "received_first_date", "received_latest_date"),
        F.lit("veterinary").alias("domain"),
        F.lit("ANSES").alias("agency"),
        F.upper("source_case_id").alias("worldwide_case_id"),
        *[column.alias(name) for name, column in veterinary.described().items()],
    )
    rows = _cosmetic_versions(tables)
    unit = F.regexp_extract(F.lower("age_unit"), "^(year|month|week|day|decade)", 1)
    age = number("age") * looked_up(unit, AGE_IN_YEARS)
    told = F.col("outcomes") != ""
    cosmetics = rows.select(
        *VERSION,
        *("is_retracted", "received_first_date", "received_latest_date"),
        F.lit("cosmetic").alias("domain"),
        F.lit("ANSES").alias("agency"),
        F.array_compact(
            F.array(
                F.upper(said("legacy_report_id")),
                *[own_number(CAERS, c) for c in ("legacy_report_id", "report_number")],
            )
        ).alias("other_case_ids"),
        partial_date("event_date").alias("onset_date"),
        date_precision("event_date").alias("onset_precision"),
        F.when(told, F.col("outcomes").rlike("|".join(SERIOUS.values()))).alias("is_serious"),
        *[F.when(told, F.col("outcomes").rlike(words)).alias(name) for name, words in SERIOUS.items()],
        looked_up(F.lower(F.trim("gender")), SEXES).alias("sex"),
        age.alias("age_years"),
        F.lit("human").alias("species"),
    )
    drugs = icsr_report.report_history(_drug_versions(tables))
    numbers = F.coalesce("other_case_ids", F.array().cast("array<string>"))
    drugs = drugs.withColumn("other_case_ids", F.array_append(numbers, fda_number("source_case_id")))
    parts = (drugs, animals, cosmetics)
    return _united(ReportHistory, *parts)


@feed(ProductAsReported, DRUG, ANIMAL, COSMETIC)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version of all endpoints."""
    rows = _cosmetic_versions(tables)
    rows = rows.select("report_key", "report_version", F.posexplode("products").alias("place", "product"))
    role = F.lower("product.role")
    cosmetics = rows.select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("product_seq"),
        F.lit(SOURCE).alias("source"),
        F.when(role == "suspect", "suspect")
        .when(role == "concomitant", "concomitant")
        .otherwise("unknown")
        .alias("role"),
        F.lit("cosmetic").alias("product_type"),
        F.col("product.product_name").alias("reported_name"),
    )
    parts = (
        icsr_report.product_as_reported(_drug_versions(tables), SOURCE),
        veterinary.products(_animal_versions(tables), SOURCE),
        cosmetics,
    )
    return _united(ProductAsReported, *parts)


@feed(ReportEvent, DRUG, ANIMAL, COSMETIC, "silver.term")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version of all endpoints."""
    terms = tables["silver.term"]
    rows = _cosmetic_versions(tables)
    rows = rows.select("report_key", "report_version", F.posexplode("reactions").alias("place", "reported_term"))
    cosmetics = rows.filter("trim(reported_term) <> ''").select(
        *("report_key", "report_version"),
        (F.col("place") + 1).alias("event_seq"),
        F.lit(SOURCE).alias("source"),
        "reported_term",
        preferred_term("reported_term").alias("term_key"),
        F.lit("exact").alias("coding_method"),
    )
    parts = (
        icsr_report.report_event(_drug_versions(tables), terms, SOURCE),
        veterinary.events(_animal_versions(tables), terms, SOURCE),
        cosmetics,
    )
    return _united(ReportEvent, *parts)


@feed(ReportNarrative, DRUG)
def report_narrative(tables: Tables) -> DataFrame:
    """Summaries of drug reports, where the FDA publishes one."""
    return conformed(icsr_report.report_narrative(_drug_versions(tables)), ReportNarrative)


@feed(Term, DRUG, COSMETIC)
def term(tables: Tables) -> DataFrame:
    """Distinct preferred-term texts."""
    texts = tables[COSMETIC].select("known_date", F.explode(F.from_json("reactions", "array<string>")).alias("text"))
    return conformed(icsr_report.term(tables[DRUG]).unionByName(preferred_terms(texts, "text")), Term)


def _united(table: type[Table], *parts: DataFrame) -> DataFrame:
    return reduce(lambda one, other: one.unionByName(other), [conformed(part, table) for part in parts])
