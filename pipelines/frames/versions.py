"""Versions of cases that a source states itself, one after another: numbered, and dated by when each was known."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipelines.frames.history import history


def sent_last(states: DataFrame, key: Sequence[str]) -> DataFrame:
    """Keep each key's rows of the delivery that came last: the same version sent twice counts once."""
    last = Window.partitionBy(*key).orderBy(F.desc("known_date"), F.desc("delivery_id"))
    return states.withColumn("_last", F.first("delivery_id").over(last)).filter("delivery_id = _last").drop("_last")


def sent_once(states: DataFrame, key: Sequence[str]) -> DataFrame:
    """Keep one row a key: the last record of the delivery that came last."""
    once = Window.partitionBy(*key).orderBy(F.desc("line_number"))
    return sent_last(states, key).withColumn("_n", F.row_number().over(once)).filter("_n = 1").drop("_n")


def stated_number(number: str, case: str, recency: str) -> Column:
    """Number of a version as its sender states it, by which versions follow each other; `recency` orders equal ones.

    A version without a number, among others that have one, follows those of its time: it has the highest number that
    was stated up to its `recency`, else 0.
    """
    told = F.expr(f"try_cast(trim({number}) AS bigint)")
    so_far = Window.partitionBy(case).orderBy(recency).rangeBetween(Window.unboundedPreceding, Window.currentRow)
    return F.coalesce(told, F.max(told).over(so_far), F.lit(0))


def stated_versions(states: DataFrame, source: str, order: Sequence[Column]) -> DataFrame:
    """Number the states of each case and say from when until when each was the one known.

    `states` holds one row per case and version: `source_case_id`, `received` (date, null allowed), `known_date`,
    `is_retracted` and content; `order` is by which a case's states follow each other. A state can't be known before it
    was received, before the state it replaces, nor after the delivery that holds it.

    Adds report_key, report_version (from 1), known_from, known_to, is_latest, source, received_first_date,
    received_latest_date; `received` and `known_date` go.
    """
    by_case = Window.partitionBy("source_case_id").orderBy(*order)
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    received = F.least(F.coalesce("received", "known_date"), "known_date")
    dated = states.withColumn("received_latest_date", received).withColumns(
        {
            "report_version": F.row_number().over(by_case),
            "known_from": F.max("received_latest_date").over(so_far),
            "received_first_date": F.min("received_latest_date").over(so_far),
        }
    )
    following = F.lead("known_from").over(Window.partitionBy("source_case_id").orderBy("report_version"))
    return dated.withColumns(
        {
            "known_to": following,
            "is_latest": following.isNull(),
            "report_key": F.concat(F.lit(f"{source}:"), "source_case_id"),
            "source": F.lit(source),
        }
    ).drop("received", "known_date")


def listed(rows: DataFrame, column: str, name: str, seq: str, mark: str = r"\s*\|\s*") -> DataFrame:
    """One row per item of a joined text, trimmed and each once, numbered from 1; blank ones are left out."""
    items = F.array_distinct(F.filter(F.transform(F.split(column, mark), lambda x: F.trim(x)), lambda x: x != ""))
    return rows.select("*", F.posexplode(items).alias(seq, name)).withColumn(seq, F.col(seq) + 1)


def preferred_term(column: str) -> Column:
    """Key of a human preferred term given as text: upper case, single blanks."""
    return F.concat(F.lit("preferred_term:"), F.upper(F.regexp_replace(F.trim(column), r"\s+", " ")))


def preferred_terms(texts: DataFrame, column: str) -> DataFrame:
    """Distinct preferred terms of a text column, as rows of `silver.term`: each spelling since its `known_date`."""
    said = texts.filter(F.trim(column) != "")
    spelled = said.groupBy(preferred_term(column).alias("term_key"), F.trim(column).alias("term_name"))
    named = spelled.agg(F.min("known_date").alias("known_from"))
    return named.withColumn("dictionary", F.lit("preferred_term"))


def extracted(states: DataFrame, source: str) -> DataFrame:
    """Versions of cases of a source that republishes whole files: changes between the states, and removals.

    `states` holds one row per case and file: `source_case_id`, `slot` (the file of which each is a state),
    `known_date`, `received` (date, null allowed) and content. The result is as that of `versions`; a case that a later
    file of its slot lacks ends in a retracted version with the content it had.
    """
    shown = history(states, ["source_case_id"], "slot")
    first = F.row_number().over(Window.partitionBy("source_case_id").orderBy("valid_from")) == 1
    told = F.least(F.coalesce("received", "valid_from"), F.col("valid_from"))
    stood = shown.withColumns(
        {"from": F.when(first, told).otherwise(F.col("valid_from")), "is_retracted": F.lit(False)}
    )
    following = F.lead("valid_from").over(Window.partitionBy("source_case_id").orderBy("valid_from"))
    gone = stood.withColumn("_next", following).filter("valid_to IS NOT NULL AND NOT valid_to <=> _next")
    gone = gone.withColumns({"from": F.col("valid_to"), "is_retracted": F.lit(True)}).drop("_next")
    every = stood.unionByName(gone)
    by_case = Window.partitionBy("source_case_id").orderBy("from", "is_retracted")
    so_far = by_case.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    following = F.lead("from").over(by_case)
    return every.withColumns(
        {
            "report_version": F.row_number().over(by_case),
            "known_from": F.col("from"),
            "known_to": following,
            "is_latest": following.isNull(),
            "received_first_date": F.min(F.least(F.coalesce("received", "from"), "from")).over(so_far),
            "received_latest_date": F.col("from"),
            "report_key": F.concat(F.lit(f"{source}:"), "source_case_id"),
            "source": F.lit(source),
        }
    ).drop("from", "valid_from", "valid_to", "received")
