"""Which of the reports that are linked as duplicates counts in which months."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.defs.silver.report.duplicates import clusters
from pipelines.frames.cache import cache
from pipelines.frames.columns import month

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

HEAD_SQL = "report_key string, head_from int, head_to int"
HEAD_SCHEMA = pa.schema([("report_key", pa.string()), ("head_from", pa.int32()), ("head_to", pa.int32())])
PARTS = 64  # tasks that the clusters are shared among


def counting_versions(history: DataFrame, links: DataFrame) -> DataFrame:
    """Versions with the months from which and until which they count: while they stand and head their cluster.

    `history` is that of the reports, retracted versions included; `links` those of `silver.duplicate_link`. A version
    may count more than once, with months between in which another report of its cluster did. Adds month_from and
    month_to (months since January 1900; null while it stands); retracted versions are gone.
    """
    links = links.filter("rule <> 'refused'")
    labels = cache(clusters(links))
    seen = history.withColumns({"month_from": month("known_from"), "month_to": month("known_to")})
    standing = seen.filter("NOT is_retracted AND (month_to IS NULL OR month_to > month_from)")
    alone = standing.join(labels, on="report_key", how="left_anti")
    led = standing.join(_heads(seen.join(labels, on="report_key", how="inner"), links, labels), on="report_key")
    led = led.filter("(head_to IS NULL OR head_to > month_from) AND (month_to IS NULL OR month_to > head_from)")
    both = {"month_from": F.greatest("month_from", "head_from"), "month_to": F.least("month_to", "head_to")}
    return alone.unionByName(led.withColumns(both).drop("head_from", "head_to"))


def _heads(versions: DataFrame, links: DataFrame, labels: DataFrame) -> DataFrame:
    """Months in which each linked report heads its cluster (`HEAD_SQL`)."""
    by_case = Window.partitionBy("report_key")
    told = versions.select(
        *("duplicate_cluster", "report_key", "month_from", "month_to", "is_retracted"),
        F.col("received_first_date").alias("received"),
        F.min("known_from").over(by_case).alias("first_known"),
    )
    known = links.join(labels, on="report_key", how="inner").select(
        *("duplicate_cluster", "report_key", "other_report_key"),
        month("known_from").alias("month_from"),
        month("known_to").alias("month_to"),
    )
    rows = told.unionByName(known, allowMissingColumns=True)
    part = F.pmod(F.hash("duplicate_cluster"), F.lit(PARTS))
    return rows.groupBy(part.alias("part")).applyInArrow(_heads_of_part, HEAD_SQL)


def _heads_of_part(rows: pa.Table) -> pa.Table:
    """The body of a Spark task."""
    from models.linkage.heads import Link, Version, heads

    versions, links = [], []
    for row in rows.to_pylist():
        if row["other_report_key"] is not None:
            links.append(Link(row["month_from"], row["report_key"], row["other_report_key"], row["month_to"]))
        else:
            told = ("month_from", "month_to", "is_retracted", "received", "first_known")
            versions.append(Version(row["report_key"], *(row[c] for c in told)))
    found = heads(versions, links)
    columns = list(zip(*found, strict=True)) if found else [(), (), ()]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, HEAD_SCHEMA, strict=True)], schema=HEAD_SCHEMA)
