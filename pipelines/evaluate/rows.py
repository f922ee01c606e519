"""Rows of the tables `evaluation.…`: one rule for the steps that write them and for `gerland evaluate --lake`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from models.evaluation.burden import nearest
from models.evaluation.known import FEWEST, Ints
from models.evaluation.league import METRICS
from models.evaluation.methods import REFERENCES
from models.evaluation.replicate import halves, snapshots
from pipelines.evaluate import decided
from pipelines.evaluate.lake import NEVER, LakeReports, month_end, place_of
from pipelines.evaluate.reference import NEITHER, Pairs
from pipelines.evaluate.replication import named
from pipelines.evaluate.resolve import UNNAMED, Labels, Resolved, resolved_of, unnamed

if TYPE_CHECKING:
    from pipelines.evaluate.referenced import Found

TOLD = {1: "true", 0: "false", NEITHER: "neither"}
NO_DIFFERENCE = "none"
PLACED = ("substance_key", "substance_name", "term_key", "term_name")


@dataclass(frozen=True)
class Model:
    """Which model stands behind `combined`: its name and version in the registry, or those of the default."""

    name: str
    version: str


def known_by(pairs: Pairs, day: dt.date | None) -> Pairs:
    """The reference as it could be known on a date: without rows that became public, or of a plant began, later."""
    if day is None:
        return pairs
    month = pl.date("year", "month", 1) if pairs.has_dates else pl.col("opened").str.to_date(strict=False)
    kept = pairs.rows.filter((month <= day).fill_null(True))
    return Pairs(kept, pairs.has_dates, pairs.wordings, pairs.told, pairs.is_planted)


def reference_rows(source: str, pairs: Pairs, resolved: Resolved, reports: LakeReports) -> pl.DataFrame:
    """Rows of `evaluation.reference`: those of the reference with the pairs they stand for, then matched negatives."""
    said = pairs.rows.select(
        pl.col("row").cast(pl.Int64),
        pl.col("substance").alias("said_substance"),
        pl.col("event").alias("said_event"),
        "species",
        "family",
        "confidence",
        pl.col("label").alias("said_label"),
        pl.date("year", "month", 1).alias("recognised"),
        *(pl.col(c).str.slice(0, 10).str.to_date(strict=False).alias(c) for c in ("opened", "listed")),
        pl.when(source == decided.SOURCE)
        .then(pl.lit("decided"))
        .when(pairs.is_planted)
        .then(pl.lit("planted"))
        .when("is_soft")
        .then(pl.lit("soft"))
        .when(pl.col("year").is_not_null())
        .then(pl.lit("dated"))
        .otherwise(pl.lit("undated"))
        .alias("basis"),
    )
    state = resolved.pairs.select(pl.col("row").cast(pl.Int64), "state")
    placed = _placed(resolved, reports)
    rows = said.join(state, on="row").join(placed, on="row", how="left").sort("row", "place")
    label = pl.coalesce("label", "said_label").replace_strict(TOLD, return_dtype=pl.String)
    whole = rows.select(
        pl.lit(source).alias("source"),
        "row",
        pl.col("place").fill_null(0),
        pl.lit(0, pl.Int64).alias("match"),
        "state",
        "domain",
        "species",
        "substance_key",
        pl.coalesce("substance_name", "said_substance").alias("substance_name"),
        "term_key",
        pl.coalesce("term_name", "said_event").alias("term_name"),
        label.alias("label"),
        "basis",
        "confidence",
        "family",
        "opened",
        "recognised",
        pl.coalesce("first_public", "recognised").alias("first_public"),
        pl.col("listed").alias("listed_from"),
        pl.when(label == "true")
        .then(pl.concat_str(pl.lit(source), "row", pl.col("place").fill_null(0), separator=":"))
        .alias("matched_set"),
    )
    return pl.concat([whole, _matched(source, pairs, resolved, reports, whole)], how="diagonal")


def stored(rows: pl.DataFrame, reports: LakeReports) -> tuple[str, Pairs, Resolved]:
    """Name, pairs and labels of the reference that stands in `evaluation.reference`: what `reference_rows` wrote.

    Decisions of people are the reference only where there is no other.
    """
    of_settings = rows.filter(pl.col("source") != decided.SOURCE)
    rows = rows if of_settings.is_empty() else of_settings
    given = rows.filter(match=0).sort("row", "place")
    codes = {text: code for code, text in TOLD.items()}
    said = given.select(
        pl.col("row").cast(pl.Int64),
        pl.col("place").cast(pl.Int64),
        pl.col("substance_name").alias("substance"),
        pl.col("term_name").alias("event"),
        pl.col("label").replace_strict(codes, return_dtype=pl.Int64),
        pl.col("recognised").dt.year().cast(pl.Int64).alias("year"),
        *("state", "domain", "substance_key", "term_key", "first_public", "opened", "basis"),
    )
    labels, found_at = unnamed(reports), []
    at = {
        name: [{key: i for i, key in enumerate(codes["key"])} for codes in (one.substances, one.events)]
        for name, one in reports.domains.items()
    }
    for row in said.filter(pl.col("place") > 0).iter_rows(named=True):
        name = row["domain"]
        s, e = at[name][0][row["substance_key"]], at[name][1][row["term_key"]]
        labels[name].label[s, e] = row["label"]
        if (public := row["first_public"]) is not None and row["label"] == 1:
            labels[name].public_from[s, e] = place_of(public.year, public.month, reports)
        found_at.append((row["row"], row["place"], name, s, e))
    columns = {"row": pl.Int64, "place": pl.Int64, "domain": pl.String, "s": pl.Int64, "e": pl.Int64}
    placed = pl.DataFrame(found_at, schema=columns, orient="row")
    pairs = said.unique("row", maintain_order=True)
    has_dates = pairs.filter(pl.col("year").is_not_null(), label=1).height > 0
    is_planted = bool((pairs["basis"] == "planted").all())
    resolved = resolved_of(labels, pairs.select("row", "substance", "event", "label", "state"), placed)
    return given["source"][0], Pairs(pairs, has_dates, {}, [], is_planted), resolved


def _placed(resolved: Resolved, reports: LakeReports) -> pl.DataFrame:
    """Keys, names, label and first public month of each pair that a row stands for."""
    parts = []
    for (name,), own in resolved.places.group_by("domain", maintain_order=True):
        s, e = own["s"].to_numpy(), own["e"].to_numpy()
        labels = resolved.labels[str(name)]
        keys = [one.alias(c) for one, c in zip(named(reports.domains[str(name)], s, e), PLACED, strict=True)]
        public = labels.public_from[s, e]
        dates = pl.Series("first_public", [_first_day(int(m), reports) for m in public], dtype=pl.Date)
        parts.append(own.select("row", "place", "domain", *keys, pl.Series("label", labels.label[s, e]), dates))
    empty = pl.DataFrame(
        schema={"row": pl.Int64, "place": pl.Int64, "domain": pl.String}
        | dict.fromkeys(PLACED, pl.String)
        | {"label": pl.Int64, "first_public": pl.Date}
    )
    return pl.concat([empty, *parts])


def _matched(source: str, pairs: Pairs, resolved: Resolved, reports: LakeReports, whole: pl.DataFrame) -> pl.DataFrame:
    """The false pairs nearest to each true one, by reports when it was last looked for."""
    parts = []
    ofs = whole.filter(pl.col("place") > 0, pl.col("label") == "true").unique(["domain", "substance_key", "term_key"])
    for name, domain in reports.domains.items():
        labels = resolved.labels[name]
        s, e, n, n_event = at_last(reports, name, labels)
        label = labels.label[s, e]
        label = np.where(label == UNNAMED, 0 if pairs.is_whole else NEITHER, label)
        true, false = nearest(n, n_event, label)
        if not false.size:
            continue
        keys = [one.alias(c) for one, c in zip(named(domain, s, e), PLACED, strict=True)]
        known = pl.DataFrame(keys)
        sets = (
            known[true]
            .with_row_index("set")
            .join(
                ofs.filter(domain=name).select("row", "place", "matched_set", *PLACED[::2]), on=PLACED[::2], how="inner"
            )
        )
        near = pl.DataFrame(
            {
                "set": np.repeat(np.arange(true.size), false.shape[1]),
                "match": np.tile(np.arange(1, false.shape[1] + 1), true.size),
            }
        ).with_columns(known[false.ravel()].get_columns())
        part = sets.select(pl.col("set").cast(pl.Int64), "row", "place", "matched_set").join(near, on="set")
        parts.append(
            part.select(
                pl.lit(source).alias("source"),
                *("row", "place", "match"),
                pl.lit("found").alias("state"),
                pl.lit(name).alias("domain"),
                *PLACED,
                pl.lit("false").alias("label"),
                pl.lit("matched").alias("basis"),
                "matched_set",
            ).sort("row", "place", "match")
        )
    return pl.concat(parts) if parts else whole.clear().select("source")


def at_last(reports: LakeReports, name: str, labels: Labels) -> tuple[Ints, Ints, Ints, np.ndarray]:
    """Pairs of a domain that were ever looked at: substance, event, reports and the event's at the last such month."""
    counted = reports.domains[name].counted
    left = labels.public_from[counted.substance, counted.event]
    in_time = counted.month < left
    n = np.zeros(labels.label.shape, dtype=np.int64)
    np.add.at(n, (counted.substance[in_time], counted.event[in_time]), counted.sums[in_time, 0])
    s, e = np.nonzero(n >= FEWEST)
    until = np.minimum(labels.public_from[s, e], reports.months) - 1
    of_event = np.maximum(np.cumsum(counted.event_reports, axis=1)[e, until], 1)
    return s, e, n[s, e], of_event.astype(float)


def _first_day(place: int, reports: LakeReports) -> dt.date | None:
    return month_end(place, reports).replace(day=1) if place < NEVER else None


def split_rows(reports: LakeReports) -> pl.DataFrame:
    """Rows of `evaluation.split`."""
    try:
        trained, judged = snapshots(reports.months)
        ends = [month_end(place, reports) for place in (trained[0], trained[-1], judged[0], judged[-1])]
    except ValueError:
        ends = [None] * 4  # type: ignore[list-item]
    names = ("trained_from", "trained_until", "judged_from", "judged_until")
    dates = [pl.lit(end, dtype=pl.Date).alias(name) for name, end in zip(names, ends, strict=True)]
    parts = []
    for name, domain in reports.domains.items():
        half = np.where(halves(domain.substances["name"].to_list()), 1, 2)
        keys = pl.col("key").alias("substance_key"), pl.col("name").alias("substance_name")
        parts.append(domain.substances.select(pl.lit(name).alias("domain"), *keys, pl.Series("half", half), *dates))
    return pl.concat(parts)


def alert_rows(source: str, found: Found, reports: LakeReports, model: Model) -> pl.DataFrame:
    """Rows of `evaluation.alert`: those at multiples of the base burden."""
    ends = {m: month_end(place_of(int(m[:4]), int(m[5:]), reports), reports) for m in found.alerts["month"].unique()}
    return found.alerts.filter(scale="truths").select(
        pl.lit(source).alias("source"),
        *("domain", "method", "burden"),
        pl.col("month").replace_strict(ends, return_dtype=pl.Date),
        *("rank", "burden_k", "substance_key", pl.col("substance").alias("substance_name")),
        *("term_key", pl.col("event").alias("term_name"), pl.col("reports").alias("n_reports")),
        *("score", "is_true", "why"),
        pl.lit(model.name).alias("model_name"),
        pl.lit(model.version).alias("model_version"),
    )


def league_rows(source: str, league: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Rows of `evaluation.league`: one number each, of those that there are."""
    keys = ["method", "domain", "family", "stratum", "burden_k", "n_truths", "ppv_ceiling"]
    parts = []
    for metric in METRICS:
        for against in (NO_DIFFERENCE, *REFERENCES):
            column = metric if against == NO_DIFFERENCE else f"{metric}_minus_{against}"
            parts.append(
                league.select(
                    *keys,
                    pl.lit(metric).alias("metric"),
                    pl.lit(against).alias("against"),
                    pl.col(column).alias("value"),
                    pl.col(f"{column}_low").alias("lower"),
                    pl.col(f"{column}_high").alias("upper"),
                ).filter(pl.col("value").is_not_null(), pl.col("method") != against)
            )
    return (
        pl.concat(parts)
        .unique(["method", "domain", "family", "stratum", "burden_k", "metric", "against"], keep="first")
        .with_columns(source=pl.lit(source), model_name=pl.lit(model.name), model_version=pl.lit(model.version))
    )
