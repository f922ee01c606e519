"""Decisions of people as a reference: a pair that was validated is true, one that was refuted is not, since a date.

They stand in `evaluation.reference` under the name `decisions` beside the reference of the settings, and methods are
judged by them only where there is no other: whoever decided had seen the scores.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from pipelines.evaluate.lake import LakeReports, place_of
from pipelines.evaluate.reference import NEITHER, Pairs
from pipelines.evaluate.resolve import Resolved, resolved_of, unnamed

SOURCE = "decisions"
LABELS = {"validated": 1, "escalated": 1, "refuted": 0}
PAIR = ("domain", "substance_key", "term_key")
ABSENT = "its pair is in no report"


def standing(decisions: pl.DataFrame, day: dt.date | None = None) -> pl.DataFrame:
    """One row a pair of a domain, of rows of `ops.decision`: its names, `label` and `since`, the first day of it.

    What stood on `day` counts (None: what stands). Of decisions in several populations the whole domain's counts, else
    the last. `since` is the day of the first of the decisions without another label between.
    """
    known = decisions.filter(pl.col("decided_on") <= day) if day else decisions
    if known.is_empty():
        return pl.DataFrame()
    labelled = known.with_columns(
        label=pl.col("verdict").replace_strict(LABELS, default=NEITHER, return_dtype=pl.Int64),
        is_part=pl.col("population").str.contains(":", literal=True),
    ).sort("decision_id")
    spells = labelled.with_columns(spell=pl.col("label").rle_id().over("population", "substance_key", "term_key"))
    since = spells.with_columns(
        since=pl.col("decided_on").min().over("population", "substance_key", "term_key", "spell")
    )
    last = since.unique(["population", "substance_key", "term_key"], keep="last", maintain_order=True)
    ordered = last.sort("is_part", -pl.col("decision_id"))
    names = [pl.coalesce(f"{kind}_name", f"{kind}_key").alias(f"{kind}_name") for kind in ("substance", "term")]
    one = ordered.unique(list(PAIR), keep="first", maintain_order=True)
    return one.select(*PAIR, *names, "label", "since").sort(PAIR).with_row_index("row", 1)


def reference(decided: pl.DataFrame, reports: LakeReports) -> tuple[Pairs, Resolved]:
    """Rows of `standing` as a reference, found in the lake by their keys."""
    labels, places, states = unnamed(reports), [], []
    at = {
        name: [{key: i for i, key in enumerate(codes["key"])} for codes in (one.substances, one.events)]
        for name, one in reports.domains.items()
    }
    for row in decided.iter_rows(named=True):
        substances, events = at.get(row["domain"], ({}, {}))
        s, e = substances.get(row["substance_key"]), events.get(row["term_key"])
        is_found = s is not None and e is not None
        states.append("found" if is_found else ABSENT)
        if is_found:
            labels[row["domain"]].label[s, e] = row["label"]
            places.append((row["row"], 1, row["domain"], s, e))
            if row["label"] == 1:
                public = place_of(row["since"].year, row["since"].month, reports)
                labels[row["domain"]].public_from[s, e] = public
    schema = {"row": pl.Int64, "place": pl.Int64, "domain": pl.String, "s": pl.Int64, "e": pl.Int64}
    nothing = [pl.lit(None, pl.String).alias(name) for name in ("family", "confidence", "opened", "listed")]
    rows = decided.select(
        pl.col("row").cast(pl.Int64),
        pl.col("substance_name").alias("substance"),
        pl.col("term_name").alias("event"),
        "label",
        pl.col("since").dt.year().cast(pl.Int64).alias("year"),
        pl.col("since").dt.month().cast(pl.Int64).alias("month"),
        pl.col("domain").alias("species"),
        pl.lit(False).alias("is_soft"),
        pl.Series("state", states, dtype=pl.String),
        *nothing,
    )
    pairs = Pairs(rows.drop("state"), bool((rows["label"] == 1).any()), {}, [])
    found = pl.DataFrame(places, schema=schema, orient="row")
    return pairs, resolved_of(labels, rows.select("row", "substance", "event", "label", "state"), found)
