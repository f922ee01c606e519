"""Identifiers of a case: which numbers it carries, and which reports carry the same one.

A register's own number says which register's it is (`FDA:8000001`), so that two copies of one register meet and numbers
of two registers never do. Numbers that senders give to each other stand as they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FDA_CASE, FDA_ISR, CAERS = "FDA", "FDA-ISR", "FDA-CAERS"
ISR = r"^(\d+)-[\dX]$"  # the number of a safety report before 2012-09: ISR, dash, check digit


def own_number(register: str, number: str | Column) -> Column:
    """Number of a register, named by it; null where there is none."""
    text = F.upper(F.trim(number))
    return F.when(text != "", F.concat(F.lit(f"{register}:"), text))


def fda_number(report: str | Column) -> Column:
    """Own number of a report as the FDA publishes it: of the case, or of the safety report (`4597138-5`)."""
    text = F.upper(F.trim(report))
    return F.when(text.rlike(ISR), own_number(FDA_ISR, F.regexp_extract(text, ISR, 1))).otherwise(
        own_number(FDA_CASE, text)
    )


def numbers() -> Column:
    """All numbers that a version carries, each once. What holds no digit but zero is none: `UNKNOWN`, `N/A`, `000`."""
    others = F.coalesce("other_case_ids", F.array().cast("array<string>"))
    every = F.transform(F.array_append(others, F.col("worldwide_case_id")), lambda n: F.upper(F.trim(n)))
    return F.filter(F.array_distinct(every), lambda n: n.rlike("[1-9]"))


def same_identifier(history: DataFrame) -> DataFrame:
    """Reports of a domain that share any of their numbers: each with the one that was first known to carry it.

    `history` holds versions of reports; they are linked from the date at which both carried the number (`known_from`).
    """
    numbered = history.select("report_key", "domain", "known_from", F.explode(numbers()).alias("number"))
    carried = numbered.groupBy("report_key", "domain", "number").agg(F.min("known_from").alias("known_from"))
    in_order = Window.partitionBy("domain", "number").orderBy("known_from", "report_key")
    linked = carried.withColumn("first", F.first("report_key").over(in_order)).filter("report_key <> first")
    pairs = linked.groupBy(
        F.least("first", "report_key").alias("report_key"), F.greatest("first", "report_key").alias("other_report_key")
    )
    return pairs.agg(F.min("known_from").alias("known_from")).select(
        "*", F.lit("identifier").alias("rule"), F.lit(1.0).alias("probability")
    )
