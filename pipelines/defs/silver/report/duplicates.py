"""Duplicates: which reports tell of the same event, and the clusters they form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.report.identity import numbers, same_identifier
from pipelines.defs.silver.report.tables import DuplicateLink
from pipelines.frames.columns import month
from pipelines.frames.conform import conformed

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import Column, DataFrame

    from pipelines.frames.conform import Tables


SEED = 1
WINDOW = 12  # months: a report is compared with those that came, or came anew, within a year before it
LAST_MONTH = 1 << 20
MONTHLY = ("numbers", "known_from", "month", "is_new")
UNTOLD_BREED = "unknown|not known"
SENDER = r"^[A-Z]{2,3}-(.+)-[^-]*$"  # country, sender, the sender's number: ICH E2B and VICH GL42
LINK_SQL = (
    "report_key string, other_report_key string, known_from date, rule string, match_weight double, "
    "probability double, evidence string"
)
LINK_SCHEMA = pa.schema(
    [
        ("report_key", pa.string()),
        ("other_report_key", pa.string()),
        ("known_from", pa.date32()),
        ("rule", pa.string()),
        ("match_weight", pa.float64()),
        ("probability", pa.float64()),
        ("evidence", pa.string()),
    ]
)


def links_by_rule(lake: Tables) -> dict[str, float]:
    """Links of each domain by what links them; those of a refused model are told apart."""
    domains = lake["silver.report_history"].filter("is_latest").select("report_key", "domain")
    links = lake["silver.duplicate_link"].join(domains, on="report_key", how="inner")
    rows = links.groupBy("domain", "rule").count().collect()
    return {
        f"links: {r['domain']} {r['rule']}": r["count"] for r in sorted(rows, key=lambda r: (r["domain"], r["rule"]))
    }


@step(
    DuplicateLink,
    "silver.report_history",
    "silver.report_product",
    "silver.report_event",
    "ops.link_verdict",
    measure=links_by_rule,
)
def duplicate_link(tables: Tables) -> DataFrame:
    """Link reports with the same number, and those whose fields agree beyond chance.

    Each month's new and changed reports are compared with those of the year before, as all of them were known at the
    month's end, by a model that is learned from these alone: what comes later changes no link. The model is anchored by
    known pairs of one number. Reports that say nothing of the person, the animal or the onset are left out: what they
    share with others is what the pair has in common with its signal. What a refused model finds is kept with the rule
    `refused`, and used nowhere.
    """
    stood = tables["silver.report_history"].filter("NOT is_retracted")
    compared = _compared(by_month(stood), tables, MONTHLY)
    months = compared.filter("is_new").select("domain", "month").distinct()
    probable = compared.join(months, on=["domain", "month"], how="left_semi").groupBy("domain", "month")
    found = same_identifier(stood).unionByName(probable.applyInArrow(link_month, LINK_SQL), allowMissingColumns=True)
    first = Window.partitionBy("report_key", "other_report_key").orderBy(
        F.col("rule") == "refused", "known_from", "rule", F.desc("match_weight")
    )
    once = found.withColumn("_n", F.row_number().over(first)).filter("_n = 1")
    together = once.select(*LINK_SCHEMA.names, F.lit("all").alias("group")).groupBy("group")
    links = together.applyInArrow(in_order_of_time, LINK_SQL)
    known = stood.select("report_key").distinct()
    return conformed(judged_by_people(links, tables["ops.link_verdict"], known), DuplicateLink)


def judged_by_people(links: DataFrame, verdicts: DataFrame, reports: DataFrame) -> DataFrame:
    """Links after the last word of people on each pair, which counts from its day on; adds known_to.

    A pair that is confirmed is linked though no rule linked it any more, where both are still among `reports`.
    """
    pair = ["report_key", "other_report_key"]
    last = Window.partitionBy(pair).orderBy(F.desc("said_at"), F.desc("verdict_id"))
    said = verdicts.withColumn("_n", F.row_number().over(last)).filter("_n = 1").select(*pair, "verdict", "said_on")
    for name in pair:
        said = said.join(reports.withColumnRenamed("report_key", name), on=name, how="left_semi")
    both = links.join(said, on=pair, how="full_outer").filter("rule IS NOT NULL OR verdict = 'confirmed'")
    is_linked = F.coalesce(F.col("rule") != "refused", F.lit(False))
    is_new = (F.col("verdict") == "confirmed") & ~is_linked
    is_ended = (F.col("verdict") == "rejected") & is_linked
    return both.select(
        *pair,
        F.when(is_new, F.col("said_on")).otherwise(F.col("known_from")).alias("known_from"),
        F.when(is_ended, F.greatest("known_from", "said_on")).alias("known_to"),
        F.when(is_new, F.lit("confirmed")).otherwise(F.col("rule")).alias("rule"),
        "match_weight",
        F.when(is_new, F.lit(1.0)).otherwise(F.col("probability")).alias("probability"),
        "evidence",
    )


def by_month(versions: DataFrame) -> DataFrame:
    """Versions as they stand at month ends, from the one that first saw them on, for a year at most.

    Adds month (from January 1900) and is_new: no earlier month end saw the version.
    """
    first, after = month("known_from"), F.coalesce(month("known_to"), F.lit(LAST_MONTH))
    last = F.least(after - 1, first + WINDOW - 1)
    seen = versions.filter(last >= first).withColumn("month", F.explode(F.sequence(first, last)))
    return seen.withColumns({"is_new": F.col("month") == first, "numbers": numbers()})


def _compared(versions: DataFrame, tables: Tables, more: Sequence[str] = ()) -> DataFrame:
    """What is compared of each report: person or animals, place, time, and the sets of its substances and events."""
    key = ["report_key", "report_version"]
    products = tables["silver.report_product"].filter("substance_keys IS NOT NULL")
    substances = _standing(products, F.col("substance_keys"), key)
    events = _standing(tables["silver.report_event"].filter("term_key IS NOT NULL"), F.array("term_key"), key)
    breed = F.lower(F.trim("breed"))
    told = versions.withColumn("breed", F.when(~breed.rlike(UNTOLD_BREED), breed))
    said = told.filter("onset_date IS NOT NULL OR age_years IS NOT NULL OR (sex IS NOT NULL AND breed IS NOT NULL)")
    for name, coded in (("substances", substances), ("events", events)):
        said = said.join(coded, on=key, how="inner").withColumn(name, _then("coded")).drop("coded")
        said = said.filter(F.size(name) > 0)
    return said.select(
        *("domain", "report_key"),
        F.when(F.col("onset_precision") == "day", F.col("onset_date")).alias("onset_date"),
        F.col("received_first_date").alias("received_date"),
        F.nullif(F.regexp_extract(F.upper("worldwide_case_id"), SENDER, 1), F.lit("")).alias("sender"),
        *("species", "breed", "sex", "age_years", "weight_kg", "country", "reporter"),
        *("n_animals_affected", "n_animals_treated"),
        F.coalesce("n_animals_died", F.col("is_death").cast("int")).alias("n_died"),
        *("substances", "events"),
        *more,
    )


def _standing(rows: DataFrame, keys: Column, version: Sequence[str]) -> DataFrame:
    """All that each version was ever coded to, and in which months: `coded`."""
    first, end = month("coded_from"), month("coded_to")
    return rows.groupBy(*version).agg(
        F.collect_set(F.struct(keys.alias("keys"), first.alias("first"), end.alias("end"))).alias("coded")
    )


def _then(coded: str) -> Column:
    """Keys, sorted, that a version was coded to at the end of `month`."""
    at = F.col("month")
    seen = F.filter(coded, lambda c: (c["first"].isNull() | (c["first"] <= at)) & (c["end"].isNull() | (c["end"] > at)))
    return F.array_sort(F.array_distinct(F.flatten(F.transform(seen, lambda c: c["keys"]))))


def link_month(reports: pa.Table) -> pa.Table:
    """Link the new reports of a domain and month among themselves and with the earlier: the body of a Spark task."""
    import polars as pl

    from models.linkage.link import link

    frame = pl.from_arrow(reports)
    assert isinstance(frame, pl.DataFrame)
    if frame.height < 2:
        return LINK_SCHEMA.empty_table()
    dated = frame.select("report_key", "known_from", "is_new")
    result = link(_identified(frame.drop("month", "is_new", "known_from")), seed=SEED)
    refused = result.verdict.reason
    both = result.found.with_columns(evidence=_evidence(result.found, refused))
    for side in ("left", "right"):
        both = both.join(
            dated.select(pl.all().name.prefix(f"{side}_")).rename({f"{side}_report_key": f"{side}_key"}),
            on=f"{side}_key",
            how="left",
            maintain_order="left",
        )
    return (
        both.filter(pl.col("left_is_new") | pl.col("right_is_new"))
        .select(
            pl.col("left_key").alias("report_key"),
            pl.col("right_key").alias("other_report_key"),
            pl.max_horizontal("left_known_from", "right_known_from").alias("known_from"),
            pl.lit("refused" if refused else "probabilistic").alias("rule"),
            pl.col("weight_bits").alias("match_weight"),
            "probability",
            "evidence",
        )
        .to_arrow()
        .cast(LINK_SCHEMA)
    )


def in_order_of_time(links: pa.Table) -> pa.Table:
    """Leave out links by likeness that would make a chain over the months: the body of a Spark task."""
    import polars as pl

    from models.linkage.in_time import agreeing_in_time

    frame = pl.from_arrow(links.select(LINK_SCHEMA.names))
    assert isinstance(frame, pl.DataFrame)
    refused, used = frame.filter(pl.col("rule") == "refused"), frame.filter(pl.col("rule") != "refused")
    stands = agreeing_in_time(
        used.select(
            left="report_key",
            right="other_report_key",
            month=pl.col("known_from").dt.truncate("1mo"),
            is_identifier=pl.col("rule") == "identifier",
            weight="match_weight",
        )
    )
    kept = pl.concat([used.filter(pl.Series(stands, dtype=pl.Boolean)), refused])
    return kept.sort("report_key", "other_report_key").to_arrow().cast(LINK_SCHEMA)


def _identified(reports: pl.DataFrame) -> pl.DataFrame:
    """Reports with the same number, by themselves or through others, are known to be of one case (`identified`)."""
    import polars as pl

    told = reports.select("report_key", number="numbers").explode("number").drop_nulls()
    shared = told.with_columns(other_report_key=pl.col("report_key").min().over("number"))
    pairs = shared.filter(pl.col("report_key") != pl.col("other_report_key")).select("report_key", "other_report_key")
    reports = reports.drop("numbers")
    if pairs.height == 0:
        return reports.with_columns(identified=pl.lit(None, pl.String))
    known = pl.DataFrame(_components(pairs.to_arrow())).rename({"duplicate_cluster": "identified"})
    return reports.join(known, on="report_key", how="left", maintain_order="left")


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
