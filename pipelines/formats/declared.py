"""Declaration rows to the common report tables: what the forms of several vigilances share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.formats.declarations import DeclarationRow
from pipelines.frames.columns import date_precision, identifier, looked_up, partial_date, said
from pipelines.frames.numbers import number
from pipelines.frames.versions import listed, preferred_term, preferred_terms, sent_last, stated_versions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

REPORTERS = {
    "physician": "physician",
    "dermatologist": "physician",
    "pharmacist": "pharmacist",
    "nurse": "nurse",
    "health professional": "other_health_professional",
    "dietician": "other_health_professional",
    "consumer": "consumer",
    "tattooed person": "consumer",
    "tattooist": "other",
    "responsible person": "other",
    "distributor": "other",
    "other": "other",
}
SEXES = {"f": "female", "female": "female", "m": "male", "male": "male"}
CRITERIA = {
    "death": "is_death",
    "immediate vital risk": "is_life_threatening",
    "hospitalisation": "is_hospitalisation",
    "disability": "is_disability",
    "functional incapacity": "is_disability",
    "congenital anomaly": "is_congenital_anomaly",
    "medically important": "is_other_serious",
}
NOT_SERIOUS = "not serious"


def report_history(tables: Tables, row: type[DeclarationRow], source: str) -> DataFrame:
    """Versions of the declarations of a source."""
    rows = _rows(tables, row)
    first = rows.groupBy("source_case_id", "number").agg(
        *[F.min(said(c)).alias(c) for c in ("received_date", "notifier", "country", "sex", "age_years", "onset_date")],
        *[F.min(said(c)).alias(c) for c in ("seriousness", "other_numbers")],
        F.max(F.lower(F.trim("is_withdrawn")) == "yes").alias("is_retracted"),
        F.max("known_date").alias("known_date"),
    )
    stated = first.withColumns(
        {
            "received": partial_date("received_date"),
            "criteria": F.split(F.lower("seriousness"), r"\s*\|\s*"),
        }
    )
    dated = stated_versions(stated, source, [F.col("number")])
    flags: dict[str, list[str]] = {}
    for criterion, flag in CRITERIA.items():
        flags.setdefault(flag, []).append(criterion)
    return dated.select(
        *("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest"),
        *("is_retracted", "received_first_date", "received_latest_date"),
        F.lit(row.domain).alias("domain"),
        F.lit("ANSES").alias("agency"),
        F.upper(F.element_at(F.split("other_numbers", r"\s*\|\s*"), 1)).alias("worldwide_case_id"),
        F.transform(F.split("other_numbers", r"\s*\|\s*"), F.upper).alias("other_case_ids"),
        F.lit("spontaneous").alias("report_type"),
        partial_date("onset_date").alias("onset_date"),
        date_precision("onset_date").alias("onset_precision"),
        F.when(F.upper("country").rlike("^[A-Z]{2}$"), F.upper("country")).alias("country"),
        _coded("notifier", REPORTERS).alias("reporter"),
        F.when(F.col("criteria").isNotNull(), ~F.array_contains("criteria", NOT_SERIOUS)).alias("is_serious"),
        *[F.arrays_overlap("criteria", F.array(*map(F.lit, criteria))).alias(flag) for flag, criteria in flags.items()],
        _coded("sex", SEXES).alias("sex"),
        number("age_years").alias("age_years"),
        F.lit("human").alias("species"),
    )


def product_as_reported(tables: Tables, row: type[DeclarationRow], source: str, extra: dict[str, Column]) -> DataFrame:
    """Products of every version, one a row; `extra` are columns that the source adds."""
    place = Window.partitionBy("source_case_id", "number").orderBy("line_number")
    rows = _rows(tables, row).filter("trim(product_name) <> '' OR trim(ingredients) <> ''")
    rows = rows.withColumns(extra)
    start, onset = partial_date("first_use_date"), partial_date("onset_date")
    is_known = (date_precision("first_use_date") == "day") & (date_precision("onset_date") == "day")
    role = F.when(F.lower(F.trim("role")) == "concomitant", "concomitant").otherwise("suspect")
    is_suspect = role == "suspect"
    return _numbered(rows, source).select(
        *("report_key", "report_version"),
        F.row_number().over(place).alias("product_seq"),
        F.lit(source).alias("source"),
        role.alias("role"),
        F.when(is_suspect, row.product_type).alias("product_type"),
        said("product_name").alias("reported_name"),
        F.regexp_replace(said("ingredients"), r"\s*\|\s*", ";").alias("reported_substance"),
        said("batch").alias("batch"),
        start.alias("start_date"),
        date_precision("first_use_date").alias("start_precision"),
        partial_date("last_use_date").alias("end_date"),
        date_precision("last_use_date").alias("end_precision"),
        F.when(is_known & (onset >= start), F.datediff(onset, start)).alias("days_to_onset"),
        F.when(is_suspect, said("causality")).alias("causality"),
        *extra,
    )


def report_event(tables: Tables, row: type[DeclarationRow], source: str) -> DataFrame:
    """Effects of every version, each once; their texts are taken as preferred terms."""
    once = (
        _rows(tables, row)
        .groupBy("source_case_id", "number")
        .agg(
            F.min("line_number").alias("line_number"),
            F.array_join(F.collect_set("effects"), "|").alias("effects"),
            F.min(said("outcome")).alias("outcome"),
        )
    )
    items = listed(_numbered(once, source), "effects", "reported_term", "place")
    named = items.withColumn("term_key", preferred_term("reported_term"))
    unique = named.groupBy("report_key", "report_version", "term_key").agg(
        F.min("reported_term").alias("reported_term"), F.min("outcome").alias("outcome")
    )
    order = Window.partitionBy("report_key", "report_version").orderBy("term_key")
    return unique.withColumns(
        {
            "event_seq": F.row_number().over(order),
            "source": F.lit(source),
            "coding_method": F.lit("exact"),
        }
    )


def report_narrative(tables: Tables, row: type[DeclarationRow], source: str) -> DataFrame:
    """Narratives, those of a version's rows joined."""
    told = _numbered(_rows(tables, row), source).filter("trim(narrative) <> ''").groupBy("report_key", "report_version")
    joined = told.agg(F.array_join(F.sort_array(F.collect_set(said("narrative"))), "\n").alias("narrative"))
    return joined.withColumn("source", F.lit(source))


def term(tables: Tables, row: type[DeclarationRow]) -> DataFrame:
    """Distinct effect texts."""
    told = tables[row.address()].select("effects", "known_date")
    return preferred_terms(listed(told, "effects", "effect", "place"), "effect")


def _rows(tables: Tables, row: type[DeclarationRow]) -> DataFrame:
    """Rows of the versions that count: case, `number` of the version, the row's own columns."""
    rows = tables[row.address()].withColumn("source_case_id", identifier("declaration_number"))
    rows = rows.filter("source_case_id IS NOT NULL")
    stated = rows.withColumns(
        {
            "number": F.coalesce(F.expr("try_cast(version AS int)"), F.lit(1)),
        }
    )
    return sent_last(stated, ["source_case_id", "number"])


def _numbered(rows: DataFrame, source: str) -> DataFrame:
    """Add the key and the version number that `report_history` gives."""

    order = Window.partitionBy("source_case_id").orderBy("number")
    return rows.withColumns(
        {
            "report_version": F.dense_rank().over(order),
            "report_key": F.concat(F.lit(f"{source}:"), "source_case_id"),
        }
    )


def _coded(column: str, codes: dict[str, str]) -> Column:

    return looked_up(F.lower(F.trim(column)), codes)
