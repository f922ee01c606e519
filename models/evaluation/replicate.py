"""Replication without labels: does a score at t foretell the excess among the reports received in the year after?

A pair's outcome is whether its reports first received in (t, t + 12 months] alone are in excess of what their own
margins expect (IC025 above 0). Nothing of what is scored is in the outcome. Models are fitted on each half of the
substances and judged on the other, in later months, whose outcomes begin after the last training outcome ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.disproportionality.ic import ic
from models.evaluation import borrow
from models.evaluation.burden import MULTIPLES
from models.evaluation.features import features
from models.evaluation.known import Floats, Ints, Reported, Sums, walk
from models.evaluation.league import ALL, MATCHED, METRICS, STRATA, Sample, with_bounds
from models.evaluation.methods import METHODS, REFERENCES, Examples, Fitted, fit
from models.evaluation.metrics import area, average_precision, negatives_above, ordered
from models.evaluation.single import LEAST_EXPECTED, SINGLE, EmpiricalBayes
from models.evaluation.triage import Rows
from models.mgps.posterior import ebgm

HORIZON = 12  # months
A_SNAPSHOT = 20  # pairs of each month judged whose share of replicated ones is told, and half, twice, four times that
SNAPSHOT = 6  # months between those that are looked at
WARM, LEAST_WARM = 23, 5  # first month looked at, in long and in short windows
FEWEST_MONTHS = LEAST_WARM + 2 * HORIZON + 1
BOOSTED_SHARE = 0.25  # of the combined log odds: a lake has few pairs in excess to grow trees on
TRAINING_SHARE = 4 / 7  # of the months that can be looked at
Bools = NDArray[np.bool_]


class Arrived(Protocol):
    """Reports by the month of their first receipt: cells in the order of months, and distinct reports by month."""

    month: Any
    substance: Any
    event: Any
    n: Any
    reports: Any
    event_reports: Any
    total: Any


def halves(names: Sequence[str]) -> Bools:
    """Which substances train: by the last bit of the sha256 of the lower-case name, whatever the order."""
    return np.array([hashlib.sha256(name.lower().encode()).digest()[-1] % 2 == 0 for name in names], dtype=bool)


def snapshots(months: int) -> tuple[list[int], list[int]]:
    """Months that train and months that are judged, in a window of so many: the last one has a whole year after it.

    Raises:
        ValueError: the window is too short for a year to train on and another to judge on.
    """
    if months < FEWEST_MONTHS:
        raise ValueError(f"replication needs {FEWEST_MONTHS} months of reports; there are {months}")
    last = months - 1 - HORIZON
    first = int(np.clip(last // 5, LEAST_WARM, WARM))
    until = first + int((last - first - HORIZON) * TRAINING_SHARE)
    return list(range(first, until + 1, SNAPSHOT)), list(range(last, until + HORIZON - 1, -SNAPSHOT))[::-1]


class Looked(Protocol):
    """Pairs that were looked at at the end of a month, by their codes (R,)."""

    month: int
    substance: Any
    event: Any


def later(arrived: Arrived, sums: Looked | Sums, months: int = HORIZON) -> tuple[Floats, Floats]:
    """Reports of the pairs of `sums` in the months after, and what their own margins expect (R,)."""
    begin, end = sums.month + 1, sums.month + 1 + months
    cells = slice(*np.searchsorted(arrived.month, [begin, end]))
    n = np.zeros((arrived.reports.shape[0], arrived.event_reports.shape[0]))
    np.add.at(n, (arrived.substance[cells], arrived.event[cells]), arrived.n[cells])
    substances = arrived.reports[:, begin:end].sum(axis=1)
    events = arrived.event_reports[:, begin:end].sum(axis=1)
    total = max(float(arrived.total[begin:end].sum()), 1.0)
    s, e = sums.substance, sums.event
    return n[s, e], substances[s] * events[e] / total


@dataclass(frozen=True)
class Part:
    """Rows (R,) that were looked at: domain and cluster by number, what was known, what came, features, scores."""

    domain: Ints
    month: Ints
    substance: Ints
    event: Ints
    cluster: Ints
    is_training: Bools
    age: Ints
    is_excess: Bools
    n: Floats
    expected: Floats
    later_n: Floats
    later_expected: Floats
    x: Floats
    single: Floats
    ebgm: Floats

    @classmethod
    def joined(cls, parts: Sequence[Part]) -> Part:
        """Put rows together."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))

    def where(self, keep: Bools) -> Part:
        """Those rows."""
        return Part(*(getattr(self, f.name)[keep] for f in fields(self)))


@dataclass(frozen=True)
class Replicated:
    """The league (columns of the world's), predictive log scores, rows that were judged with scores, and the models."""

    league: pl.DataFrame
    log_scores: pl.DataFrame
    judged: Part
    scores: Floats
    fitted: tuple[Fitted, Fitted]  # on the substances that train, on the others


def replicate(
    domains: Mapping[str, Reported],
    arrived: Mapping[str, Arrived],
    is_training: Mapping[str, Bools],
    train_months: Sequence[int],
    test_months: Sequence[int],
    bootstrap: int = 200,
    seed: int = 0,
) -> Replicated:
    """Judge all `METHODS` on later excess; `is_training` (S,) parts the substances of each domain in two.

    Raises:
        ValueError: a test month whose year begins before the last training year ended, a month with no year after, or
        no excess, or nothing else, to learn from.
    """
    if min(test_months) < max(train_months) + HORIZON:
        raise ValueError("outcomes that train must end before the first month that is judged")
    if max(test_months) + HORIZON >= next(iter(domains.values())).total.size:
        raise ValueError("the last month that is judged has no whole year after it")
    seen = _seen(domains, arrived, is_training, sorted({*train_months, *test_months}))
    known, judged = (seen.where(np.isin(seen.month, list(months))) for months in (train_months, test_months))
    if not judged.is_excess.any() or judged.is_excess.all():
        raise ValueError("the later reports are in excess of no pair that was looked at, or of all: nothing to judge")
    scores, means = np.zeros((judged.n.size, len(METHODS))), np.zeros(judged.n.size)
    models = []
    for half in (True, False):
        fitted = _fitted(known.where(known.is_training == half))
        models.append(fitted)
        to = judged.is_training != half
        mine = judged.where(to)
        if mine.n.size:
            scores[to] = fitted.scores(mine.single, mine.n, mine.expected, mine.x)
            means[to] = fitted.borrowed.mean(mine.n, mine.expected, mine.x)
    weights, judged = _weights(judged, bootstrap, seed)
    league = _league(judged, scores, list(domains), weights)
    return Replicated(league, _log_scores(judged, means, weights), judged, scores, (models[0], models[1]))


def _seen(
    domains: Mapping[str, Reported],
    arrived: Mapping[str, Arrived],
    is_training: Mapping[str, Bools],
    months: Sequence[int],
) -> Part:
    bayes, parts, places = EmpiricalBayes(), [], {name: i for i, name in enumerate(domains)}
    begun = {name: np.argmax(np.cumsum(r.reports, axis=1) > 0, axis=1) for name, r in domains.items()}
    for name, sums in walk(domains, months):
        if not sums.n.size:
            continue
        n, expected = later(arrived[name], sums)
        single = np.column_stack([*(score(sums) for score in SINGLE.values()), bayes(name, sums)])
        mean = ebgm(sums.n, np.maximum(sums.expected, LEAST_EXPECTED), bayes.priors[name])
        s, size = sums.substance, sums.n.size
        keys = np.full(size, places[name]), np.full(size, sums.month), s, sums.event, domains[name].molecule[s]
        outcome = is_training[name][s], sums.month - begun[name][s], ic(n, expected).lower > 0
        parts.append(Part(*keys, *outcome, sums.n, sums.expected, n, expected, features(sums), single, mean))
    if not parts:
        raise ValueError("no pair was reported twice in time to be looked at")
    return Part.joined(parts)


def _fitted(known: Part) -> Fitted:
    if not known.is_excess.any() or known.is_excess.all():
        raise ValueError("half of the substances has no pair in later excess, or nothing else: nothing to learn from")
    rows = Rows(known.x, known.is_excess.astype(np.int64), np.ones(known.n.size))
    fitted = fit(Examples(rows, known.n, known.expected, np.ones(known.n.size)))
    outcome = known.later_n, known.later_expected, known.cluster
    borrowed = borrow.fit_to_later(known.n, known.expected, known.x, *outcome)
    return replace(fitted, borrowed=borrowed, boosted_share=BOOSTED_SHARE, is_floored=False)


def _weights(judged: Part, bootstrap: int, seed: int) -> tuple[Floats, Part]:
    """Weights of the clusters (1 + B, clusters), the first all 1, and the rows with clusters numbered from 0."""
    used, cluster = np.unique(judged.cluster, return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(used.size, np.full(used.size, 1 / used.size), bootstrap)
    again = {f.name: getattr(judged, f.name) for f in fields(judged)} | {"cluster": cluster}
    return np.vstack([np.ones(used.size), drawn.astype(float)]), Part(**again)


def _league(judged: Part, scores: Floats, domains: Sequence[str], weights: Floats) -> pl.DataFrame:
    """One row a method, domain, stratum and burden; a domain is ranked by itself, `all` together."""
    found = []
    for domain in (ALL, *domains) if len(domains) > 1 else (ALL, domains[0]):
        in_domain = np.ones(judged.n.size, bool) if domain == ALL else judged.domain == list(domains).index(domain)
        rows: list[tuple[dict[str, object], dict[str, Floats]]] = []
        firsts = _firsts(judged, scores, in_domain)
        for stratum in (ALL, *(s for s in STRATA if s != MATCHED)):
            nobody = np.zeros(judged.n.size, dtype=np.int64)
            kept = in_domain & Sample(nobody, judged.n.astype(np.int64), judged.age, nobody, nobody > 0).within(stratum)
            if kept.any():
                rows += _rows(
                    judged, scores, {"domain": domain, "family": ALL, "stratum": stratum}, kept, firsts, weights
                )
        if rows:
            found.append(with_bounds(rows))
    return pl.concat(found)


def _firsts(judged: Part, scores: Floats, within: Bools) -> dict[tuple[int, float], Ints]:
    """Rows of the k highest scores of each month, by method and k; more reports first among equals."""
    months = [np.flatnonzero(within & (judged.month == t)) for t in np.unique(judged.month)]
    found = {}
    for m in range(scores.shape[1]):
        ordered_ = [
            at[np.lexsort((judged.event[at], judged.substance[at], -judged.n[at], -scores[at, m]))] for at in months
        ]
        for multiple in MULTIPLES:
            found[m, multiple] = np.concatenate([at[: int(A_SNAPSHOT * multiple)] for at in ordered_])
    return found


def _rows(
    judged: Part,
    scores: Floats,
    named: dict[str, object],
    kept: Bools,
    firsts: Mapping[tuple[int, float], Ints],
    weights: Floats,
) -> list[tuple[dict[str, object], dict[str, Floats]]]:
    areas = [_area(judged, scores[:, m], kept, weights) for m in range(len(METHODS))]
    positives = np.bincount(judged.cluster[kept & judged.is_excess], minlength=weights.shape[1]).astype(float)
    n_excess, found = int(positives.sum()), []
    for multiple in MULTIPLES:
        k = int(A_SNAPSHOT * multiple)
        values = [
            {**areas[m], **_first(judged, firsts[m, multiple], kept, positives, weights)} for m in range(len(METHODS))
        ]
        months = np.unique(judged.month)
        best = sum(min(k, int((kept & judged.is_excess & (judged.month == t)).sum())) for t in months)
        most = sum(min(k, int((kept & (judged.month == t)).sum())) for t in months)
        keys = {**named, "burden_k": float(k), "ppv_ceiling": best / most if most else None, "n_truths": n_excess}
        others = [values[METHODS.index(reference)] for reference in REFERENCES]
        for name, own in zip(METHODS, values, strict=True):
            numbers = dict(own)
            for reference, other in zip(REFERENCES, others, strict=True):
                numbers |= {f"{metric}_minus_{reference}": own[metric] - other[metric] for metric in METRICS}
            found.append(({"method": name, **keys}, numbers))
    return found


def _area(judged: Part, score: Floats, kept: Bools, weights: Floats) -> dict[str, Floats]:
    rows = np.flatnonzero(kept)
    order, ends = ordered(score[rows])
    is_positive, cluster = judged.is_excess[rows][order], judged.cluster[rows][order]
    above, totals = negatives_above(ends, is_positive, cluster, weights)
    w = weights[:, cluster[is_positive]]
    return {
        "auc": np.array([area(a, v, float(t)) for a, v, t in zip(above, w, totals, strict=True)]),
        "ap": np.array([average_precision(a, v) for a, v in zip(above, w, strict=True)]),
    }


def _first(judged: Part, first: Ints, kept: Bools, positives: Floats, weights: Floats) -> dict[str, Floats]:
    """Of what comes first: the share in excess, reviews for one, the share of all excess; no lead, as none is known."""
    mine = first[kept[first]]
    hits = weights[:, judged.cluster[mine]] @ judged.is_excess[mine].astype(float)
    looked, known = weights[:, judged.cluster[mine]].sum(axis=1), weights @ positives
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "ppv": np.where(looked > 0, hits / looked, np.nan),
            "reviews_per_true": np.where(hits > 0, looked / hits, np.nan),
            "found_before": np.where(known > 0, hits / known, np.nan),
            "lead_months": np.full(weights.shape[0], np.nan),
        }


def _log_scores(judged: Part, borrowed: Floats, weights: Floats) -> pl.DataFrame:
    """Mean negative binomial log probability of the later counts, and its paired difference to IC's with bounds.

    Level and dispersion are each estimate's best.
    """
    from scipy.optimize import minimize_scalar
    from scipy.stats import nbinom

    expected = np.maximum(judged.expected, borrow.LEAST_EXPECTED)
    ratios = {
        "none": np.ones(judged.n.size),
        "raw": judged.n / expected,
        "ic": (judged.n + 0.5) / (expected + 0.5),
        "ebgm": judged.ebgm,
        "borrowed": borrowed,
    }
    told = {}
    for name, ratio in ratios.items():
        mean = ratio * np.maximum(judged.later_expected, borrow.LEAST_EXPECTED)
        mean *= judged.later_n.sum() / mean.sum()

        def scored(log_size: float, mean: Floats = mean) -> Floats:
            size = np.exp(log_size)
            return np.asarray(nbinom.logpmf(judged.later_n, size, size / (size + mean)))

        best = minimize_scalar(lambda x, of=scored: -float(of(x).mean()), bounds=(-6, 6), method="bounded")
        told[name] = scored(float(best.x))
    rows, of = [], weights[:, judged.cluster]
    for name, own in told.items():
        drawn = of @ (own - told["ic"]) / of.sum(axis=1)
        low, high = np.quantile(drawn[1:], [0.025, 0.975])
        rows.append((name, float(own.mean()), float(drawn[0]), float(low), float(high)))
    names = ["estimate", "log_score", "minus_ic", "minus_ic_low", "minus_ic_high"]
    return pl.DataFrame(rows, schema=names, orient="row")
