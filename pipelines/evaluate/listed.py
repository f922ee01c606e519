"""The combined list of each month and agency, scored by the engine, and what watches over the scores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from scipy.special import expit

from models.disproportionality.ic import ic
from models.evaluation.combined import Combined
from models.evaluation.features import FEATURES, features
from models.evaluation.known import Floats, Ints, walk
from models.evaluation.listing import Lists, counted, drift, slope
from models.evaluation.replicate import HORIZON, later
from pipelines.evaluate.lake import LakeReports, month_end
from pipelines.evaluate.replication import named
from pipelines.formats.domains import agency_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from pipelines.evaluate.rows import Model

AT_ONCE = 500_000  # rows that are scored together
WATCHED = 12  # months whose features are held against those of training, and whose scores against what came
CALIBRATION = "score"  # what the slope is of
MOST_TOLD = 3  # features that are named as what raised a score
Scoring = Callable[[Floats, Floats], Floats]  # of reports (R,) and features (R, F): scores (R,)


@dataclass
class _Rows:
    """Pairs of one domain of which a report came in a month: codes, reports, features (R, F); scores once asked."""

    domain: str
    month: int
    substance: Ints
    event: Ints
    n: Floats
    new: Floats
    expected: Floats
    x: Floats
    score: Floats


def lists(
    reports: LakeReports, combined: Combined, model: Model, a_month: int, score: Scoring, only_last: bool = False
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of `gold.triage` and of `gold.triage_monitor`.

    A pair is scored in the months in which a report of it came; `a_month` new ones a month are listed by each agency.
    `score` is asked for batches, in the order of months.
    """
    agencies = {agency_of(name): Lists(a_month) for name in reports.domains}
    rows: list[pl.DataFrame] = []
    watch = _Watch(reports, combined)
    for batch in _batches(reports, watch, only_last):
        found = score(np.concatenate([one.n for one in batch]), np.concatenate([one.x for one in batch]))
        for one, values in zip(batch, np.split(found, np.cumsum([one.n.size for one in batch])[:-1]), strict=True):
            one.score = values
            watch.scored(one)
        rows += _listed(batch, agencies, reports, combined)
    told = pl.concat(rows) if rows else pl.DataFrame()
    return _marked(told, model), watch.rows(model)


def by_engine(spark: SparkSession, combined: Combined) -> Scoring:
    """Score by the engine: Arrow batches go to its tasks."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            x = np.column_stack([batch.column(name).to_numpy() for name in FEATURES])
            found = combined.gated(batch.column("n").to_numpy(), x)
            kept = np.flatnonzero(~np.isnan(found))
            yield pa.RecordBatch.from_arrays(
                [batch.column("row").take(pa.array(kept)), pa.array(found[kept])], names=["row", "score"]
            )

    def score(n: Floats, x: Floats) -> Floats:
        columns = {"row": np.arange(n.size), "n": n} | {name: x[:, i] for i, name in enumerate(FEATURES)}
        given = pa.table({name: pa.array(values) for name, values in columns.items()})
        told = spark.createDataFrame(given).mapInArrow(task, "row bigint, score double").toArrow()
        found = np.full(n.size, np.nan)
        found[told["row"].to_numpy()] = told["score"].to_numpy()
        return found

    return score


def _batches(reports: LakeReports, watch: _Watch, only_last: bool) -> Iterator[list[_Rows]]:
    """Pairs of each month in which a report of them came, in the order of months."""
    batch: list[_Rows] = []
    months = range(reports.months - 1, reports.months) if only_last else range(reports.months)
    came = {name: one.counted.total != 0 for name, one in reports.domains.items()}
    asked = [t for t in months if any(told[t] for told in came.values())]
    for name, sums in walk({name: one.counted for name, one in reports.domains.items()}, asked) if asked else ():
        if sum(one.n.size for one in batch) >= AT_ONCE and sums.month != batch[-1].month:
            yield batch
            batch = []
        if not came[name][sums.month] or not sums.n.size:
            continue
        x, kept = features(sums), np.flatnonzero(sums.new > 0)
        watch.seen(name, sums.month, x)
        if kept.size:
            codes = sums.substance[kept], sums.event[kept]
            counts = sums.n[kept], sums.new[kept], sums.expected[kept]
            batch.append(_Rows(name, sums.month, *codes, *counts, x[kept], np.full(kept.size, np.nan)))
    if batch:
        yield batch


def _listed(
    batch: list[_Rows], agencies: Mapping[str, Lists], reports: LakeReports, combined: Combined
) -> Iterator[pl.DataFrame]:
    """The list of each month and agency."""
    names = list(reports.domains)
    for month in dict.fromkeys(one.month for one in batch):
        for agency, own in agencies.items():
            parts = [one for one in batch if one.month == month and agency_of(one.domain) == agency]
            if not parts:
                continue
            score = np.concatenate([one.score for one in parts])
            n = np.concatenate([one.n.astype(np.int64) for one in parts])
            pair = np.concatenate([_codes(one, names.index(one.domain)) for one in parts])
            best = own.of_month(score, n, pair)
            begins = np.cumsum([0, *(one.n.size for one in parts)])
            for i, one in enumerate(parts):
                mine = np.flatnonzero((best >= begins[i]) & (best < begins[i + 1]))
                if mine.size:
                    yield _told(one, best[mine] - begins[i], mine + 1, agency, reports, combined)


def _codes(one: _Rows, domain: int) -> Ints:
    return np.asarray((domain << 56) + (one.substance.astype(np.int64) << 28) + one.event)


def _told(one: _Rows, at: Ints, rank: Ints, agency: str, reports: LakeReports, combined: Combined) -> pl.DataFrame:
    x = one.x[at]
    base, parts = combined.contributions(x)
    lowering = zip(combined.without(x), x, strict=True)
    keys = named(reports.domains[one.domain], one.substance[at], one.event[at])
    columns = ("substance_key", "substance_name", "term_key", "term_name")
    return pl.DataFrame(
        {
            "agency": [agency] * at.size,
            "month": [month_end(one.month, reports)] * at.size,
            "rank": rank,
            "domain": [one.domain] * at.size,
            **dict(zip(columns, keys, strict=True)),
            "n_reports": one.n[at].astype(np.int64),
            "n_new": one.new[at].astype(np.int64),
            "expected": one.expected[at],
            "score": one.score[at],
            "chance": expit(one.score[at]),
            "base": base,
            "parts": [_parts(row) for row in parts],
            "raised_by": [_raised(row) for row in parts],
            "would_lower": [_lowering(row, values, combined) for row, values in lowering],
        },
        schema_overrides={"parts": pl.List(pl.String), "would_lower": pl.List(pl.String)},
    )


def _parts(row: Floats) -> list[str]:
    """Each part that is not 0, the largest first: feature and log odds."""
    return [f"{FEATURES[i]} {row[i]:+.9f}" for i in np.argsort(-np.abs(row), kind="stable") if row[i] != 0]


def _raised(row: Floats) -> str:
    best = [i for i in np.argsort(-row, kind="stable")[:MOST_TOLD] if row[i] > 0]
    return "; ".join(f"{FEATURES[i]} {row[i]:+.2f}" for i in best)


def _lowering(row: Floats, values: Floats, combined: Combined) -> list[str]:
    """What would lower the score most, were it as usual in training: feature, value, usual value, what that takes."""
    usual = dict(zip(combined.line.names, combined.line.mean, strict=True))
    best = [i for i in np.argsort(row, kind="stable")[:MOST_TOLD] if row[i] < 0]
    return [f"{FEATURES[i]} {values[i]:.2f} as usual {usual[FEATURES[i]]:.2f}: {row[i]:+.2f}" for i in best]


def _marked(rows: pl.DataFrame, model: Model) -> pl.DataFrame:
    if rows.is_empty():
        return rows
    last = pl.col("month") == pl.col("month").max().over("agency")
    return rows.with_columns(is_latest=last, model_name=pl.lit(model.name), model_version=pl.lit(model.version))


class _Watch:
    """Features of the last months and scores of months whose following year is known, by domain."""

    def __init__(self, reports: LakeReports, combined: Combined) -> None:
        self.reports, self.combined = reports, combined
        self.since = reports.months - WATCHED
        self.judged = range(reports.months - 2 * HORIZON, reports.months - HORIZON)
        self.counts: dict[str, Floats] = {}
        self.ranges: dict[str, Floats] = {}  # lowest and highest value of each feature (2, F)
        self.scores: dict[str, list[tuple[Floats, np.ndarray]]] = {}

    def seen(self, domain: str, month: int, x: Floats) -> None:
        """Count the features of the last months, of all pairs as in training, whether a report of them came or not."""
        if month >= self.since and self.combined.seen is not None:
            self.counts[domain] = self.counts.get(domain, 0) + counted(x, self.combined.seen)
            low, high = self.ranges.get(domain, (x[0], x[0]))
            self.ranges[domain] = np.array([np.minimum(low, x.min(axis=0)), np.maximum(high, x.max(axis=0))])

    def scored(self, one: _Rows) -> None:
        """Keep scores whose year after is known, with what came."""
        if one.month in self.judged:
            n, expected = later(self.reports.domains[one.domain].received, one, HORIZON)
            has = ~np.isnan(one.score)
            self.scores.setdefault(one.domain, []).append((one.score[has], (ic(n, expected).lower > 0)[has]))

    def rows(self, model: Model) -> pl.DataFrame:
        """Rows of `gold.triage_monitor`."""
        found: list[dict[str, Any]] = []
        for domain, counts in self.counts.items():
            assert self.combined.seen is not None
            values = drift(counts, self.combined.seen)
            varies = np.flatnonzero(self.ranges[domain][0] < self.ranges[domain][1])
            told = {"kind": "drift", "domain": domain, "n_rows": int(counts[0].sum())}
            found += [told | {"feature": FEATURES[i], "value": float(values[i])} for i in varies]
        for domain, parts in self.scores.items():
            score, came = (np.concatenate(c) for c in zip(*parts, strict=True))
            value = slope(score, came)
            if np.isfinite(value):
                told = {"kind": "calibration", "domain": domain, "feature": CALIBRATION, "value": value}
                found.append(told | {"n_rows": int(came.size), "n_true": int(came.sum())})
        last = month_end(self.reports.months - 1, self.reports)
        return (
            pl.DataFrame(found, infer_schema_length=None).with_columns(
                month=pl.lit(last), model_name=pl.lit(model.name), model_version=pl.lit(model.version)
            )
            if found
            else pl.DataFrame()
        )


def until(rows: pl.DataFrame, day: dt.date | None) -> pl.DataFrame:
    """Rows whose month ends, at the latest, on the date that is looked back from."""
    return rows if day is None or rows.is_empty() else rows.with_columns(pl.min_horizontal("month", pl.lit(day)))
