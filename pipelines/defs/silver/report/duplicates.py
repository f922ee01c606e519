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
    import polars as pl
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables


SEED = 1
UNTOLD_BREED = "unknown|not known"
SENDER = r"^[A-Z]{2,3}-(.+)-[^-]*$"  # country, sender, the sender's number: ICH E2B and VICH GL42
LINK_SQL = (
    "report_key string, other_report_key string, rule string, match_weight double, probability double, evidence string"
)
LINK_SCHEMA = pa.schema(
    [
        ("report_key", pa.string()),
        ("other_report_key", pa.string()),
        ("rule", pa.string()),
        ("match_weight", pa.float64()),
        ("probability", pa.float64()),
        ("evidence", pa.string()),
    ]
)


@reads("silver.report_history", "silver.report_product", "silver.report_event")
def duplicate_link(tables: Tables) -> DataFrame:
    """Link reports with the same number, and those whose fields agree beyond chance.

    The model is anchored by known pairs of one number and learned anew from the reports of each domain. Reports that
    say nothing of the person, the animal or the onset are left out: what they share with others is what the pair has
    in common with its signal. What a refused model finds is kept with the rule `refused`, and used nowhere.
    """
    latest = tables["silver.report_history"].filter("is_latest AND NOT is_retracted")
    return conformed(linked(latest, tables), DuplicateLink)


def linked(versions: DataFrame, tables: Tables) -> DataFrame:
    """The links among these versions, one of each case: they depend on nothing else than them and their children."""
    identified = same_identifier(versions)
    known = clusters(identified).withColumnRenamed("duplicate_cluster", "identified")
    compared = _compared(versions, tables).join(known, on="report_key", how="left")
    probable = compared.groupBy("domain").applyInArrow(link_domain, LINK_SQL)
    return identified.unionByName(probable, allowMissingColumns=True)


def _compared(versions: DataFrame, tables: Tables) -> DataFrame:
    """What is compared of each report: person or animals, place, time, and the sets of its substances and events."""
    key = ["report_key", "report_version"]
    coded = tables["silver.report_product"].filter("substance_keys IS NOT NULL")
    substances = coded.groupBy(*key).agg(F.array_distinct(F.flatten(F.collect_list("substance_keys"))).alias("s"))
    events = tables["silver.report_event"].filter("term_key IS NOT NULL")
    events = events.groupBy(*key).agg(F.collect_set("term_key").alias("e"))
    breed = F.lower(F.trim("breed"))
    told = versions.withColumn("breed", F.when(~breed.rlike(UNTOLD_BREED), breed))
    said = told.filter("onset_date IS NOT NULL OR age_years IS NOT NULL OR (sex IS NOT NULL AND breed IS NOT NULL)")
    joined = said.join(substances, on=key, how="inner").join(events, on=key, how="inner")
    return joined.select(
        *("domain", "report_key"),
        F.when(F.col("onset_precision") == "day", F.col("onset_date")).alias("onset_date"),
        F.col("received_first_date").alias("received_date"),
        F.nullif(F.regexp_extract(F.upper("worldwide_case_id"), SENDER, 1), F.lit("")).alias("sender"),
        *("species", "breed", "sex", "age_years", "weight_kg", "country", "reporter"),
        *("n_animals_affected", "n_animals_treated"),
        F.coalesce("n_animals_died", F.col("is_death").cast("int")).alias("n_died"),
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
    result = link(frame, seed=SEED)
    refused = result.verdict.reason
    return (
        result.found.select(
            pl.col("left_key").alias("report_key"),
            pl.col("right_key").alias("other_report_key"),
            pl.lit("refused" if refused else "probabilistic").alias("rule"),
            pl.col("weight_bits").alias("match_weight"),
            pl.col("probability"),
            _evidence(result.found, refused).alias("evidence"),
        )
        .to_arrow()
        .cast(LINK_SCHEMA)
    )


def _evidence(links: pl.DataFrame, refused: str) -> pl.Expr:
    """What each field that both tell says: its name, how alike, and the bits for or against."""
    import polars as pl

    from models.linkage.fields import FIELDS

    said = []
    for name, field in FIELDS.items():
        if f"bits_{name}" in links.columns:
            level = pl.col(f"level_{name}")
            alike = level.cast(pl.Int64).replace_strict(dict(enumerate(field.levels)), default=None)
            bits = pl.col(f"bits_{name}").round(1)
            sign = pl.when(bits > 0).then(pl.lit("+")).otherwise(pl.lit(""))
            said.append(pl.when(level >= 0).then(pl.format("{} {} {}{}", pl.lit(name), alike, sign, bits)))
    reason = [pl.lit(f"refused: {refused}")] if refused else []
    return pl.concat_str([*said, *reason], separator="; ", ignore_nulls=True)


def clusters(links: DataFrame) -> DataFrame:
    """Connected components of the links: report_key and the first key of its cluster, for linked reports only.

    Likeness puts no chain together: links of one cluster were kept only where its reports agree with each other.
    """
    used = links.filter("rule <> 'refused'")
    pairs = used.select("report_key", "other_report_key", F.lit("all").alias("group"))
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
