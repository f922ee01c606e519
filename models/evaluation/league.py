"""The league: every method judged alike, with intervals by a paired bootstrap over substances.

A bootstrap draws substances (a molecule of a world) with all their rows, alerts and truths; alerts are not chosen
again. A row of the league is a method in a domain, family of harms, stratum, and burden. AUC and AP are over the pairs
at risk every `SNAPSHOT` months; they do not depend on the burden. A family's positives are judged against all
negatives; its PPV is among its own true alerts and all false ones. A stratum holds rows by their reports or product age
at that month, alerts at theirs, truths at the last month that they counted. Matched negatives hold AUC and AP alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.evaluation.burden import ALERTS_A_TRUTH, MULTIPLES, Ranked, alerts, leads, matched, truths
from models.evaluation.known import Floats, Ints
from models.evaluation.metrics import (
    area,
    average_precision,
    calibration_slope,
    negatives_above,
    ordered,
    sensitivity,
)

SNAPSHOT = 6  # months
NEW = 24  # months since launch
LEVEL = 0.95
ALL = "all"
METRICS = ("auc", "ap", "ppv", "reviews_per_true", "found_before", "lead_months")
MATCHED = "matched negatives"
STRATA = ("reports 2-5", "reports 6-30", "reports over 30", "product new", "product established", MATCHED)
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sample:
    """Rows, alerts or truths (K,) of one kind: cluster (world and molecule), reports, months since launch, family."""

    cluster: Ints
    n: Ints
    age: Ints
    family: Ints  # code of the family of a true row, -1 for false
    is_matched: Bools  # a true row, or one of a negative that is matched to one (`burden.matched`)

    def within(self, stratum: str) -> Bools:
        """Which lie in a stratum."""
        if stratum == ALL:
            return np.ones(self.n.size, dtype=bool)
        return {
            "reports 2-5": self.n <= 5,
            "reports 6-30": (self.n > 5) & (self.n <= 30),
            "reports over 30": self.n > 30,
            "product new": self.age <= NEW,
            "product established": self.age > NEW,
            MATCHED: self.is_matched,
        }[stratum]


@dataclass(frozen=True)
class Alerted:
    """Alerts of one method at one burden: their sample, their rows in what was ranked, and their rank in the month."""

    sample: Sample
    rows: Ints
    rank: Ints


@dataclass(frozen=True)
class Judged:
    """One domain of one world: rows of the snapshots with scores (R, M), alerts and leads by (method, burden)."""

    domain: str
    months: int
    rows: Sample
    scores: Floats
    truths: Sample
    a_month: float  # new pairs at the base burden
    alerted: dict[tuple[int, int], Alerted]
    leads: dict[tuple[int, int], Floats]


def judge(
    domain: str,
    ranked: Ranked,
    public: Ints,
    cluster: Ints,
    age: Ints,
    family: Ints,
    n_event: Floats,
    a_month: float | None = None,
    every: int = SNAPSHOT,
) -> Judged:
    """Alert at each burden with every method, and keep what the league needs.

    public: by code of a pair, the month in which it was recognised. cluster, age (months since launch), family, n_event
    (reports of the event): by row.
    a_month: new pairs a month at the base burden; else such that alerts are `ALERTS_A_TRUTH` x truths. every: months
    between the rows that areas are taken from.
    """
    end = int(ranked.month.max()) + 1
    months = end - int(ranked.month.min())
    known = truths(ranked, public, end)
    base = ALERTS_A_TRUTH * known.pair.size / months if a_month is None else a_month
    shown = np.where(ranked.label == 1, family, -1)
    is_matched = matched(ranked, n_event)

    def sample(rows: Ints) -> Sample:
        return Sample(cluster[rows], ranked.n[rows], age[rows], shown[rows], is_matched[rows])

    is_true = np.flatnonzero(ranked.label == 1)
    _, last = np.unique(ranked.pair[is_true][::-1], return_index=True)
    of_truths = is_true[::-1][last] if is_true.size else is_true
    snapshot = np.flatnonzero((ranked.month % every == every - 1) & (ranked.label >= 0))
    alerted, lead = {}, {}
    for m in range(ranked.scores.shape[1]):
        for b, multiple in enumerate(MULTIPLES):
            rows, rank = alerts(ranked, m, multiple * base)
            alerted[m, b] = Alerted(sample(rows), rows, rank)
            lead[m, b] = leads(ranked, rows, known)
    scores = ranked.scores[snapshot]
    return Judged(domain, months, sample(snapshot), scores, sample(of_truths), base, alerted, lead)


def league(
    judged: Sequence[Judged],
    methods: Sequence[str],
    families: Mapping[int, str],
    references: Sequence[str],
    log_odds: Collection[str] = (),
    bootstrap: int = 200,
    seed: int = 0,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the league, and by domain each method's sensitivity at specificities 0.90 and 0.95, and calibration slope.

    families: name by code. `references` are the methods that differences are taken to, `log_odds` those
    whose score is meant as log odds.
    """
    judged, clusters = _renumbered(judged)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(clusters, np.full(clusters, 1 / clusters), bootstrap).astype(float)
    weights = np.vstack([np.ones(clusters), drawn])
    found: list[pl.DataFrame] = []
    sensitivities: list[dict[str, object]] = []
    domains = list(dict.fromkeys(one.domain for one in judged))
    for domain in (ALL, *domains):
        say(f"league: {domain}")
        part = [one for one in judged if domain in (ALL, one.domain)]
        keys = [(m, b) for m in range(len(methods)) for b in range(len(MULTIPLES))]
        burdened = {key: _Burdened.of(part, *key) for key in keys}
        a_month = float(np.mean([one.a_month for one in part]))
        asked = sum(one.a_month * one.months for one in part)
        rows: list[tuple[dict[str, object], dict[str, Floats]]] = []
        for stratum in (ALL, *STRATA):
            chosen = list(families) if stratum == ALL else []
            areas, told = _areas(part, methods, chosen, stratum, weights, log_odds)
            if stratum == ALL:
                sensitivities += [{"domain": domain, **row} for row in told]
            for family in (-1, *chosen):
                named = {"domain": domain, "family": ALL if family < 0 else families[family], "stratum": stratum}
                given = burdened, methods, references, named, family, stratum, areas[family], weights, a_month, asked
                rows += list(_rows(*given))
        found.append(with_bounds(rows))
    return pl.concat(found), pl.DataFrame(sensitivities, infer_schema_length=None)


def _renumbered(judged: Sequence[Judged]) -> tuple[list[Judged], int]:
    """The same with clusters numbered from 0 without gaps, and how many there are."""
    used = np.unique(np.concatenate([one.rows.cluster for one in judged] + [one.truths.cluster for one in judged]))
    used = np.unique(np.concatenate([used, *(a.sample.cluster for one in judged for a in one.alerted.values())]))

    def again(sample: Sample) -> Sample:
        return replace(sample, cluster=np.searchsorted(used, sample.cluster))

    found = [
        replace(
            one,
            rows=again(one.rows),
            truths=again(one.truths),
            alerted={key: replace(a, sample=again(a.sample)) for key, a in one.alerted.items()},
        )
        for one in judged
    ]
    return found, used.size


Areas = dict[int, list[tuple[Floats, Floats]]]


def _areas(
    part: Sequence[Judged],
    methods: Sequence[str],
    families: Sequence[int],
    stratum: str,
    weights: Floats,
    log_odds: Collection[str],
) -> tuple[Areas, list[dict[str, object]]]:
    """AUC and AP (B,) of each method, by family (-1: all); and rows of sensitivity at the point estimate."""
    kept = [one.rows.within(stratum) for one in part]
    cluster = np.concatenate([one.rows.cluster[k] for one, k in zip(part, kept, strict=True)])
    family = np.concatenate([one.rows.family[k] for one, k in zip(part, kept, strict=True)])
    areas: Areas = {f: [] for f in (-1, *families)}
    told: list[dict[str, object]] = []
    for m, name in enumerate(methods):
        score = np.concatenate([one.scores[k, m] for one, k in zip(part, kept, strict=True)])
        order, ends = ordered(score)
        is_positive = family[order] >= 0
        above, totals = negatives_above(ends, is_positive, cluster[order], weights)
        of, at = family[order][is_positive], cluster[order][is_positive]
        for f in areas:
            one = of == f if f >= 0 else np.ones(of.size, dtype=bool)
            w = weights[:, at[one]]
            pairs = [(area(a, v, t), average_precision(a, v)) for a, v, t in zip(above[:, one], w, totals, strict=True)]
            areas[f].append((np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])))
        slope = calibration_slope(score, family >= 0) if stratum == ALL and name in log_odds else None
        shares = {f"sensitivity_{s:.2f}": sensitivity(above[0], weights[0][at], totals[0], s) for s in (0.90, 0.95)}
        told.append(
            {
                "method": name,
                **shares,
                "calibration_slope": slope,
                "n_positive_rows": of.size,
                "n_negative_rows": int((family < 0).sum()),
            }
        )
    return areas, told


@dataclass(frozen=True)
class _Burdened:
    """Alerts and truths of all worlds of a domain, for one method and burden, with the lead of each truth."""

    alerts: Sample
    truths: Sample
    leads: Floats

    @classmethod
    def of(cls, part: Sequence[Judged], method: int, burden: int) -> _Burdened:
        key = method, burden
        leads = np.concatenate([one.leads[key] for one in part])
        return cls(_joined([one.alerted[key].sample for one in part]), _joined([one.truths for one in part]), leads)

    def metrics(self, family: int, stratum: str, weights: Floats) -> dict[str, Floats]:
        """PPV, reviews, share found and mean lead (B,); NaN among matched negatives, which nobody alerts among."""
        if stratum == MATCHED:
            return dict.fromkeys(METRICS[2:], np.full(weights.shape[0], np.nan))
        clusters = weights.shape[1]
        hit, false = _of(self.alerts, family, stratum), (self.alerts.family < 0) & self.alerts.within(stratum)
        of = _of(self.truths, family, stratum)
        at, months = self.truths.cluster[of], self.leads[of]
        sums = [
            np.bincount(self.alerts.cluster[hit], minlength=clusters),
            np.bincount(self.alerts.cluster[false], minlength=clusters),
            np.bincount(at, minlength=clusters),
            np.bincount(at, weights=(months > 0).astype(float), minlength=clusters),
            np.bincount(at, weights=months, minlength=clusters),
        ]
        hits, misses, known, found, lead = (weights @ np.column_stack(sums)).T
        return {
            "ppv": _ratio(hits, hits + misses),
            "reviews_per_true": _ratio(hits + misses, hits),
            "found_before": _ratio(found, known),
            "lead_months": _ratio(lead, known),
        }


def _joined(samples: Sequence[Sample]) -> Sample:
    return Sample(*(np.concatenate([getattr(s, f.name) for s in samples]) for f in fields(Sample)))


def _of(sample: Sample, family: int, stratum: str) -> Bools:
    """True ones of a family (-1: of any) within a stratum."""
    is_family = sample.family == family if family >= 0 else sample.family >= 0
    return is_family & sample.within(stratum)


def _rows(
    burdened: Mapping[tuple[int, int], _Burdened],
    methods: Sequence[str],
    references: Sequence[str],
    named: dict[str, str],
    family: int,
    stratum: str,
    areas: list[tuple[Floats, Floats]],
    weights: Floats,
    a_month: float,
    asked: float,
) -> Iterator[tuple[dict[str, object], dict[str, Floats]]]:
    """Keys of each row, and its numbers at the point and in every draw (1 + B,)."""
    truths = burdened[0, 0].truths
    n_truths = int(_of(truths, family, stratum).sum())
    for b, multiple in enumerate(MULTIPLES):
        n_alerts = multiple * asked
        keys = {
            **named,
            "burden_k": multiple * a_month,
            "ppv_ceiling": min(1.0, n_truths / n_alerts) if n_alerts else None,
            "n_truths": n_truths,
        }
        values = [
            {"auc": auc, "ap": ap, **burdened[m, b].metrics(family, stratum, weights)}
            for m, (auc, ap) in enumerate(areas)
        ]
        others = [values[list(methods).index(reference)] for reference in references]
        for name, own in zip(methods, values, strict=True):
            numbers = dict(own)
            for reference, other in zip(references, others, strict=True):
                numbers |= {f"{metric}_minus_{reference}": own[metric] - other[metric] for metric in METRICS}
            yield {"method": name, **keys}, numbers


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.where(b > 0, a / np.where(b > 0, b, 1.0), np.nan)


def with_bounds(rows: list[tuple[dict[str, object], dict[str, Floats]]]) -> pl.DataFrame:
    """Columns of the rows: keys, then each number with its bounds; null where there is nothing to estimate."""
    frame = pl.DataFrame([keys for keys, _ in rows], infer_schema_length=None)
    frame = frame.with_columns(pl.col("burden_k", "ppv_ceiling").cast(pl.Float64))
    for name in rows[0][1]:
        drawn = np.array([numbers[name] for _, numbers in rows])
        low, high = _bounds(drawn[:, 1:])
        columns = {name: drawn[:, 0], f"{name}_low": low, f"{name}_high": high}
        frame = frame.with_columns(pl.Series(n, v).fill_nan(None) for n, v in columns.items())
    return frame


def _bounds(drawn: Floats) -> tuple[Floats, Floats]:
    """Quantiles of each row of draws that are numbers; NaN where none is."""
    ordered_ = np.sort(np.where(np.isfinite(drawn), drawn, np.nan), axis=1)
    n = np.isfinite(ordered_).sum(axis=1)
    rows = np.arange(n.size)
    found = []
    for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2):
        place = q * np.maximum(n - 1, 0)
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, np.maximum(n - 1, 0))
        low, high = ordered_[rows, below], ordered_[rows, above]
        found.append(np.where(n > 0, low + (high - low) * (place - below), np.nan))
    return found[0], found[1]
