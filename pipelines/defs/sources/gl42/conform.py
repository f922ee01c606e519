"""GL42 messages to the common report tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.report.tables import ProductAsReported, ReportEvent, ReportHistory, ReportNarrative
from pipelines.formats import veterinary
from pipelines.frames.columns import identifier, partial_date, said
from pipelines.frames.conform import conformed
from pipelines.frames.versions import sent_once, stated_versions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables

REPORTS, NULLIFIED = "bronze.gl42_report", "bronze.gl42_nullified"


def _versions(tables: Tables) -> DataFrame:
    """Versions of all reports, by when their messages were made; a nullified report ends in a retracted version.

    Report numbers of the FDA are written in two ways (`USA-USFDACVM-…`, `US-FDACVM-…`): year, country and number
    tell which report a list names.
    """
    sent = tables[REPORTS].withColumn("source_case_id", identifier("unique_aer_id_number"))
    sent = sent.filter("source_case_id IS NOT NULL")
    stated = sent.withColumns(
        {
            "recency": F.coalesce(_digits("message_created"), _digits("sent_date"), F.lit("")),
            "is_retracted": F.lower(F.coalesce("type_of_submission", F.lit(""))).startswith("nullif"),
        }
    )
    dated = sent_once(stated, ["source_case_id", "recency"]).withColumn("_day", F.substring("recency", 1, 8))
    dated = dated.withColumn("received", partial_date("_day")).withColumn("known", _canonical("source_case_id"))
    listed = tables[NULLIFIED].withColumn("known", _canonical(F.regexp_replace("case_file", r"\.xml$", "")))
    listed = listed.groupBy("known").agg(F.min("known_date").alias("listed"))
    latest = Window.partitionBy("source_case_id").orderBy(F.desc("recency"))
    gone = dated.withColumn("_n", F.row_number().over(latest)).filter("_n = 1 AND NOT is_retracted").drop("_n")
    gone = gone.join(F.broadcast(listed), on="known", how="inner").withColumns(
        {
            "received": F.col("listed"),
            "known_date": F.greatest("listed", "known_date"),
            "is_retracted": F.lit(True),
        }
    )
    every = dated.unionByName(gone.select(dated.columns))
    return veterinary.parsed(stated_versions(every, "gl42", [F.col("is_retracted"), F.col("recency")]))


def _digits(column: str) -> Column:
    return F.nullif(F.regexp_extract(column, r"^\d{8,14}", 0), F.lit(""))


def _canonical(name: str | Column) -> Column:
    text = F.upper(F.trim(name))
    return F.coalesce(F.nullif(F.regexp_extract(text, r"FDACVM-(\d{4}-[A-Z]{2}-\d{6})$", 1), F.lit("")), text)


@feed(ReportHistory, REPORTS, NULLIFIED)
def report_history(tables: Tables) -> DataFrame:
    """Versions of all reports."""
    rows = _versions(tables)
    first = F.least(F.coalesce(partial_date("original_receive_date"), "received_first_date"), "received_first_date")
    return conformed(
        rows.select(
            *("report_key", "report_version", "source", "source_case_id", "known_from", "known_to", "is_latest"),
            *("is_retracted", "received_latest_date"),
            first.alias("received_first_date"),
            F.lit("veterinary").alias("domain"),
            F.lit("ANSES").alias("agency"),
            F.upper("source_case_id").alias("worldwide_case_id"),
            *[column.alias(name) for name, column in veterinary.described().items()],
        ),
        ReportHistory,
    )


@feed(ProductAsReported, REPORTS, NULLIFIED)
def product_as_reported(tables: Tables) -> DataFrame:
    """Products of every version."""
    return conformed(veterinary.products(_versions(tables), "gl42"), ProductAsReported)


@feed(ReportEvent, REPORTS, NULLIFIED, "silver.term")
def report_event(tables: Tables) -> DataFrame:
    """Reactions of every version, coded to VeDDRA."""
    return conformed(veterinary.events(_versions(tables), tables["silver.term"], "gl42"), ReportEvent)


@feed(ReportNarrative, REPORTS, NULLIFIED)
def report_narrative(tables: Tables) -> DataFrame:
    """Narratives of the reports that are not masked."""
    told = _versions(tables).withColumn("narrative", said("narrative")).filter("narrative IS NOT NULL")
    return conformed(told.select("report_key", "report_version", "source", "narrative"), ReportNarrative)
