"""Reports of all sources in one language: united, coded, completed, with duplicates linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.report.completeness import add_completeness
from pipelines.defs.silver.report.duplicates import clusters, duplicate_link
from pipelines.defs.silver.report.plausible import impossible, plausible
from pipelines.defs.silver.report.tables import (
    SUSPECT_ROLES,
    ProductAsReported,
    Report,
    ReportEvent,
    ReportHistory,
    ReportNarrative,
    ReportProduct,
)
from pipelines.frames.conform import conformed
from pipelines.frames.history import BEGINNING
from pipelines.frames.union import union_of_sources

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

__all__ = [
    "duplicate_link",
    "product_as_reported",
    "report",
    "report_event",
    "report_history",
    "report_narrative",
    "report_product",
]

VERSION = ["report_key", "report_version"]
CODING = ["source", "reported_name", "reported_substance"]
ONSET_DAYS = {"day": 0.0, "month": 31.0, "year": 366.0}

report_history = union_of_sources(ReportHistory, plausible, measure=impossible)


def always_so(events: DataFrame) -> DataFrame:
    """Events that no release recodes were coded so from the beginning."""
    coded_from = F.coalesce("coded_from", F.lit(BEGINNING))
    return events.withColumns({"coded_from": coded_from, "is_current": F.col("coded_to").isNull()})


report_narrative = union_of_sources(ReportNarrative)
product_as_reported = union_of_sources(ProductAsReported)


def events_coded(lake: Tables) -> dict[str, float]:
    """Share of the events of each source that are coded to a term."""
    share = F.avg(F.col("term_key").isNotNull().cast("int")).alias("share")
    rows = lake["silver.report_event"].filter("coded_to IS NULL").groupBy("source").agg(share).collect()
    return {f"share coded: {r['source']}": round(float(r["share"]), 5) for r in rows}


report_event = union_of_sources(ReportEvent, always_so, measure=events_coded)


@step(ReportProduct, "silver.product_as_reported", "silver.name_coding")
def report_product(tables: Tables) -> DataFrame:
    """Give each reported product the substances that its name is coded to, and was by earlier releases."""
    reported = tables["silver.product_as_reported"]
    reported = reported.withColumns({f"_{c}": F.coalesce(c, F.lit("")) for c in CODING[1:]})
    coding = tables["silver.name_coding"].select(
        F.col("source"),
        *[F.col(c).alias(f"_{c}") for c in CODING[1:]],
        *("substance_keys", "coding_method", "coding_score"),
        F.col("known_from").alias("coded_from"),
        F.col("known_to").alias("coded_to"),
    )
    coded = reported.join(coding, on=["source", *[f"_{c}" for c in CODING[1:]]], how="left")
    coded = coded.drop(*[f"_{c}" for c in CODING[1:]])
    return conformed(always_so(coded.fillna("uncoded", ["coding_method"])), ReportProduct)


def cases_dropped(lake: Tables) -> dict[str, float]:
    """Share of the cases that are duplicates of another and count nowhere: by source, and by country where it has
    at least 30 cases and drops some."""
    is_dropped = F.avg((~F.col("is_cluster_head")).cast("int")).alias("share")
    places = lake["silver.report"].filter("NOT is_retracted").rollup("source", "country")
    rows = places.agg(is_dropped, F.count("*").alias("n"), F.grouping_id().alias("level")).filter("source IS NOT NULL")
    told = rows.filter("level = 1 OR (country IS NOT NULL AND n >= 30 AND share > 0)").collect()
    names = {r: " ".join(["share dropped:", r["source"], *([r["country"]] if r["country"] else [])]) for r in told}
    return {names[r]: round(float(r["share"]), 5) for r in sorted(told, key=lambda r: names[r])}


@step(
    Report,
    *("silver.report_history", "silver.report_product", "silver.report_event", "silver.report_narrative"),
    "silver.duplicate_link",
    measure=cases_dropped,
)
def report(tables: Tables) -> DataFrame:
    """One row per case in its latest version: counts of children, completeness, duplicate cluster."""
    latest = tables["silver.report_history"].filter("is_latest")
    counted = (
        latest.join(_of_products(tables), on=VERSION, how="left")
        .join(_of_events(tables), on=VERSION, how="left")
        .join(_told(tables), on=VERSION, how="left")
        .fillna(0, ["n_products", "n_events"])
    )
    complete = _with_completeness(counted)
    labels = clusters(tables["silver.duplicate_link"].filter("known_to IS NULL"))
    clustered = complete.join(labels, on="report_key", how="left").withColumn(
        "duplicate_cluster", F.coalesce("duplicate_cluster", "report_key")
    )
    first_known = tables["silver.report_history"].groupBy("report_key").agg(F.min("known_from").alias("first_known"))
    first = Window.partitionBy("duplicate_cluster").orderBy(
        "is_retracted", "received_first_date", "first_known", "report_key"
    )
    dated = clustered.join(first_known, on="report_key", how="inner")
    headed = dated.withColumn("is_cluster_head", F.row_number().over(first) == 1)
    return conformed(headed.select(*Report.columns), Report)


def _of_products(tables: Tables) -> DataFrame:
    """Per version: number of products, and what the suspects tell of dose, indication and start."""
    suspect = F.col("role").isin(*SUSPECT_ROLES)
    start = F.when(suspect, F.struct("start_date", "start_precision"))
    return (
        tables["silver.report_product"]
        .filter("coded_to IS NULL")
        .groupBy(*VERSION)
        .agg(
            F.count("*").cast("int").alias("n_products"),
            F.bool_or(suspect & F.col("dose_text").isNotNull()).alias("has_dose"),
            F.bool_or(suspect & F.col("indication").isNotNull()).alias("has_indication"),
            F.min(F.when(F.col("start_date").isNotNull(), start)).alias("start"),
        )
    )


def _of_events(tables: Tables) -> DataFrame:
    return (
        tables["silver.report_event"]
        .filter("coded_to IS NULL")
        .groupBy(*VERSION)
        .agg(
            F.count("*").cast("int").alias("n_events"),
            F.bool_or(F.col("outcome").isNotNull()).alias("has_event_outcome"),
        )
    )


def _told(tables: Tables) -> DataFrame:
    """Versions with a narrative."""
    return (
        tables["silver.report_narrative"]
        .filter("narrative IS NOT NULL")
        .select(*VERSION, F.lit(True).alias("has_comments"))
    )


def _with_completeness(reports: DataFrame) -> DataFrame:
    """Add the vigiGrade score, computed on Arrow batches."""
    outcomes = ["is_death", "is_life_threatening", "is_hospitalisation", "is_disability", "is_other_serious"]
    said = [F.coalesce(F.col(c), F.lit(False)) for c in (*outcomes, "has_event_outcome")]
    present: dict[str, Column] = {
        "has_time_to_onset": F.col("onset_date").isNotNull() & F.col("start.start_date").isNotNull(),
        "has_outcome": F.greatest(*said) | F.coalesce(F.col("n_animals_died") >= 0, F.lit(False)),
        "has_sex": F.col("sex").isNotNull(),
        "has_age": F.col("age_years").isNotNull(),
        "has_country": F.col("country").isNotNull(),
        "has_reporter": F.col("reporter").isNotNull(),
        "has_report_type": F.col("report_type").isNotNull(),
        "has_dose": F.coalesce("has_dose", F.lit(False)),
        "has_indication": F.coalesce("has_indication", F.lit(False)),
        "has_comments": F.coalesce("has_comments", F.lit(False)),
    }
    widths = [_days("onset_precision"), _days("start.start_precision")]
    prepared = reports.withColumns({**present, "onset_days": F.greatest(*widths)}).withColumn(
        "completeness", F.lit(None).cast("double")
    )
    return prepared.drop("start").mapInArrow(add_completeness, prepared.drop("start").schema)


def _days(column: str) -> Column:
    cases = F.lit(None).cast("double")
    for precision, days in ONSET_DAYS.items():
        cases = F.when(F.col(column) == precision, days).otherwise(cases)
    return cases
