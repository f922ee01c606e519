"""Duplicates: which reports tell of the same event, and the clusters they form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import functions as F

from pipelines.core.conform import conformed, reads
from pipelines.defs.silver.report.identity import same_identifier
from pipelines.defs.silver.report.tables import DuplicateLink

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables


LINK_FROM = 0.9
SEED = 1
LINK_SQL = "report_key string, other_report_key string, match_weight double, probability double, evidence string"
LINK_SCHEMA = pa.schema(
    [
        ("report_key", pa.string()),
        ("other_report_key", pa.string()),
        ("match_weight", pa.float64()),
        ("probability", pa.float64()),
        ("evidence", pa.string()),
    ]
)


@reads("silver.report_history", "silver.report_product", "silver.report_event")
def duplicate_link(tables: Tables) -> DataFrame:
    """Link reports with the same number, and those whose fields agree beyond chance.

    The model is learned from the reports of each domain without labels. Reports that say nothing of the person, the
    animal or the onset are left out: what they share with others is what the pair has in common with its signal.
    """
    latest = tables["silver.report_history"].filter("is_latest AND NOT is_retracted")
    identified = same_identifier(latest)
    pair = ["report_key", "other_report_key"]
    probable = _compared(latest, tables).groupBy("domain").applyInArrow(link_domain, LINK_SQL)
    probable = probable.join(identified, on=pair, how="left_anti").withColumn("rule", F.lit("probabilistic"))
    return conformed(identified.unionByName(probable, allowMissingColumns=True), DuplicateLink)


def _compared(latest: DataFrame, tables: Tables) -> DataFrame:
    """What is compared of each report: person, place, time, and the sets of its substances and events."""
    key = ["report_key", "report_version"]
    coded = tables["silver.report_product"].filter("substance_keys IS NOT NULL")
    substances = coded.groupBy(*key).agg(F.array_distinct(F.flatten(F.collect_list("substance_keys"))).alias("s"))
    events = tables["silver.report_event"].filter("term_key IS NOT NULL")
    events = events.groupBy(*key).agg(F.collect_set("term_key").alias("e"))
    said = latest.filter("onset_date IS NOT NULL OR age_years IS NOT NULL OR (sex IS NOT NULL AND breed IS NOT NULL)")
    joined = said.join(substances, on=key, how="inner").join(events, on=key, how="inner")
    exact = F.when(F.col("onset_precision") == "day", F.col("onset_date")).alias("onset_date")
    return joined.select(
        "domain",
        "report_key",
        exact,
        F.col("received_first_date").alias("received_date"),
        *("sex", "age_years", "country", "reporter"),
        F.sort_array("s").alias("substances"),
        F.sort_array("e").alias("events"),
    )


def link_domain(reports: pa.Table) -> pa.Table:
    """Link the reports of one domain: the body of a Spark task."""
    import polars as pl

    from models.linkage.link import link

    frame = pl.from_arrow(reports)
    assert isinstance(frame, pl.DataFrame)
    if frame.height < 2:
        return LINK_SCHEMA.empty_table()
    linked = link(frame.sort("report_key"), min_probability=LINK_FROM, seed=SEED)
    bits = [c for c in linked.columns if c.startswith("bits_")]
    said = [pl.format(c.removeprefix("bits_") + " {}", pl.col(c).round(1)) for c in bits]
    first, other = pl.min_horizontal("left_key", "right_key"), pl.max_horizontal("left_key", "right_key")
    result = linked.select(
        first.alias("report_key"),
        other.alias("other_report_key"),
        pl.col("weight_bits").alias("match_weight"),
        pl.col("probability"),
        pl.concat_str(said, separator="; ", ignore_nulls=True).alias("evidence"),
    )
    return result.to_arrow().cast(LINK_SCHEMA)


def clusters(links: DataFrame) -> DataFrame:
    """Connected components of the links: report_key and the first key of its cluster, for linked reports only."""
    pairs = links.select("report_key", "other_report_key", F.lit("all").alias("group"))
    return pairs.groupBy("group").applyInArrow(_components, "report_key string, duplicate_cluster string")


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
