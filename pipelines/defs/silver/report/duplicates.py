"""Duplicates: which reports tell of the same event, and the clusters they form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.silver.report.tables import DuplicateLink

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables


@reads("silver.report_history", "silver.report_product", "silver.report_event")
def duplicate_link(tables: Tables) -> DataFrame:
    """Link reports with the same world-wide number."""
    latest = tables["silver.report_history"].filter("is_latest AND NOT is_retracted")
    return conformed(_same_identifier(latest), DuplicateLink)


def _same_identifier(latest: DataFrame) -> DataFrame:
    numbered = latest.filter("worldwide_case_id IS NOT NULL").select("report_key", "domain", "worldwide_case_id")
    first = numbered.groupBy("domain", "worldwide_case_id").agg(F.min("report_key").alias("first"))
    linked = numbered.join(first, on=["domain", "worldwide_case_id"], how="inner").filter("report_key <> first")
    return linked.select(
        F.col("first").alias("report_key"),
        F.col("report_key").alias("other_report_key"),
        F.lit("identifier").alias("rule"),
        F.lit(1.0).alias("probability"),
    )


def clusters(links: DataFrame) -> DataFrame:
    """Connected components of the links: report_key and the first key of its cluster, for linked reports only."""
    pairs = links.select("report_key", "other_report_key")
    return pairs.groupBy(F.lit(1)).applyInArrow(_components, "report_key string, duplicate_cluster string")


def _components(links: pa.Table) -> pa.Table:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    left, right = (links[c].to_numpy(zero_copy_only=False) for c in ("report_key", "other_report_key"))
    keys, codes = np.unique(np.concatenate([left, right]).astype(str), return_inverse=True)
    i, j = np.split(codes, 2)
    graph = coo_array((np.ones(len(i), bool), (i, j)), shape=(len(keys), len(keys)))
    _, label = connected_components(graph, directed=False)
    first = np.full(label.max() + 1, len(keys))
    np.minimum.at(first, label, np.arange(len(keys)))
    return pa.table({"report_key": keys.tolist(), "duplicate_cluster": keys[first[label]].tolist()})
