"""Identifiers of a case: which numbers it carries, and which reports carry the same one.

A register's own number says which register's it is (`FDA:8000001`), so that two copies of one register meet and numbers
of two registers never do. Numbers that senders give to each other stand as they are written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def same_identifier(latest: DataFrame) -> DataFrame:
    """Reports of a domain that share any of their numbers: each with the first of those that share it.

    What holds no digit but zero is no number: `UNKNOWN`, `N/A`, `000`.
    """
    others = F.coalesce("other_case_ids", F.array().cast("array<string>"))
    numbers = F.transform(F.array_append(others, F.col("worldwide_case_id")), lambda n: F.upper(F.trim(n)))
    told = F.filter(F.array_distinct(numbers), lambda n: n.rlike("[1-9]"))
    numbered = latest.select("report_key", "domain", F.explode(told).alias("number"))
    first = numbered.groupBy("domain", "number").agg(F.min("report_key").alias("first"))
    linked = numbered.join(first, on=["domain", "number"], how="inner").filter("report_key <> first")
    return (
        linked.select("first", "report_key")
        .distinct()
        .select(
            F.col("first").alias("report_key"),
            F.col("report_key").alias("other_report_key"),
            F.lit("identifier").alias("rule"),
            F.lit(1.0).alias("probability"),
        )
    )
