"""Replication without labels: does a score at t foretell the excess among the reports received in the year after?

A pair's outcome is whether its reports of (t, t + 12 months] alone are in excess of what their own margins expect
(IC025 above 0). Nothing of what is scored is in the outcome. Models are fitted on half of the substances and judged on
the other half, in later months, whose outcomes begin after the last training outcome ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.disproportionality.ic import ic
from models.evaluation import borrow
from models.evaluation.features import features
from models.evaluation.known import Floats, Ints, Reported, Sums, walk
from models.evaluation.metrics import area, average_precision, negatives_above, ordered
from models.evaluation.single import SINGLE, EmpiricalBayes
from models.evaluation.triage import COUNT_ONLY, VIGIRANK, Rows, boost, train

HORIZON = 12  # months
A_YEAR = 20  # pairs whose share of replicated ones is told
MODELS = ("logistic_counts", "vigirank_like", "triage", "boosted", "borrowed")
METHODS = (*SINGLE, "eb05", *MODELS)


def halves(names: Sequence[str]) -> NDArray[np.bool_]:
    """Which substances train: by the last bit of the sha256 of the lower-case name, whatever the order."""
    return np.array([hashlib.sha256(name.lower().encode()).digest()[-1] % 2 == 0 for name in names])


def later(reported: Reported, sums: Sums) -> tuple[Floats, Floats]:
    """Reports of the pairs of `sums` in the `HORIZON` months after, and what their own margins expect (R,)."""
    begin, end = sums.month + 1, sums.month + 1 + HORIZON
    cells = slice(*np.searchsorted(reported.month, [begin, end]))
    n = np.zeros(reported.listed_from.shape)
    np.add.at(n, (reported.substance[cells], reported.event[cells]), reported.sums[cells, 0])
    substances = reported.reports[:, begin:end].sum(axis=1)
    events = reported.event_reports[:, begin:end].sum(axis=1)
    total = max(float(reported.total[begin:end].sum()), 1.0)
    s, e = sums.substance, sums.event
    return n[s, e], substances[s] * events[e] / total


@dataclass(frozen=True)
class _Part:
    month: Ints
    substance: Ints
    is_excess: NDArray[np.bool_]
    n: Floats
    expected: Floats
    later_n: Floats
    later_expected: Floats
    x: Floats
    single: Floats

    @classmethod
    def joined(cls, parts: Sequence[_Part]) -> _Part:
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in cls.__dataclass_fields__))


def replicate(
    reported: Reported,
    is_training: NDArray[np.bool_],
    train_months: Sequence[int],
    test_months: Sequence[int],
    bootstrap: int = 200,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge all `METHODS` on later excess; `is_training` (S,) parts the substances.

    Returns one row a method (auc, ap, ppv of the first `A_YEAR` of each test month, each with bounds, and the paired
    difference of the AUC to IC025 with its bounds), and the mean predictive log score of the later counts by estimate
    (none, raw, ic, ebgm, borrowed), higher is better.

    Raises:
        ValueError: a test month whose year begins before the last training year ended, or a month with no year after.
    """
    if min(test_months) < max(train_months) + HORIZON:
        raise ValueError("outcomes that train must end before the first month that is judged")
    if max(test_months) + HORIZON >= reported.total.size:
        raise ValueError("the last month that is judged has no whole year after it")
    months = sorted({*train_months, *test_months})
    bayes, parts = EmpiricalBayes(), []
    for _, sums in walk({"": reported}, months):
        kept = is_training[sums.substance] == (sums.month in train_months)
        n, expected = later(reported, sums)
        single = np.column_stack([*(score(sums) for score in SINGLE.values()), bayes("", sums)])
        columns = (np.full(sums.n.size, sums.month), sums.substance, ic(n, expected).lower > 0)
        whole = (*columns, sums.n, sums.expected, n, expected, features(sums), single)
        parts.append(_Part(*(column[kept] for column in whole)))
    known = _Part.joined([p for p, t in zip(parts, months, strict=True) if t in train_months])
    judged = _Part.joined([p for p, t in zip(parts, months, strict=True) if t in test_months])
    rows = Rows(known.x, known.is_excess.astype(np.int64), np.ones(known.n.size))
    borrowed = borrow.fit(known.n, known.expected, known.x, np.ones(known.n.size))
    scores = np.column_stack(
        [
            judged.single,
            *(train(rows, names).score(judged.x) for names in (COUNT_ONLY, VIGIRANK)),
            train(rows).score(judged.x),
            boost(rows).score(judged.x),
            borrowed.lower(judged.n, judged.expected, judged.x),
        ]
    )
    return _table(judged, scores, bootstrap, seed), _log_scores(known, judged, borrowed)


def _table(judged: _Part, scores: Floats, bootstrap: int, seed: int) -> pl.DataFrame:
    used, cluster = np.unique(judged.substance, return_inverse=True)
    drawn = np.random.default_rng(seed).multinomial(used.size, np.full(used.size, 1 / used.size), bootstrap)
    weights = np.vstack([np.ones(used.size), drawn.astype(float)])
    areas, found = {}, []
    for m, name in enumerate(METHODS):
        order, ends = ordered(scores[:, m])
        is_positive = judged.is_excess[order]
        above, totals = negatives_above(ends, is_positive, cluster[order], weights)
        w = weights[:, cluster[order][is_positive]]
        areas[name] = np.array([area(a, v, t) for a, v, t in zip(above, w, totals, strict=True)])
        precision = np.array([average_precision(a, v) for a, v in zip(above, w, strict=True)])
        first = _first(judged, scores[:, m])
        hits = weights[:, cluster[first]] @ judged.is_excess[first]
        share = hits / np.maximum(weights[:, cluster[first]].sum(axis=1), 1e-9)
        found.append((name, areas[name], precision, share))
    rows = []
    for name, auc, precision, share in found:
        row: dict[str, object] = {"method": name, "n": judged.n.size, "n_excess": int(judged.is_excess.sum())}
        for metric, values in (
            ("auc", auc),
            ("ap", precision),
            ("ppv", share),
            ("auc_minus_ic025", auc - areas["ic025"]),
        ):
            low, high = np.quantile(values[1:], [0.025, 0.975])
            row |= {metric: float(values[0]), f"{metric}_low": float(low), f"{metric}_high": float(high)}
        rows.append(row)
    return pl.DataFrame(rows)


def _first(judged: _Part, score: Floats) -> Ints:
    """Rows of the `A_YEAR` highest scores of each month."""
    places = [np.flatnonzero(judged.month == t) for t in np.unique(judged.month)]
    return np.concatenate([at[np.argsort(-score[at], kind="stable")[:A_YEAR]] for at in places])


def _log_scores(known: _Part, judged: _Part, borrowed: borrow.Borrowed) -> pl.DataFrame:
    """Mean negative binomial log probability of the later counts, its dispersion fitted in training."""
    from scipy.optimize import minimize_scalar
    from scipy.stats import nbinom

    def ratios(part: _Part) -> dict[str, Floats]:
        expected = np.maximum(part.expected, borrow.LEAST_EXPECTED)
        return {
            "none": np.ones(part.n.size),
            "raw": part.n / expected,
            "ic": (part.n + 0.5) / (expected + 0.5),
            "eb05": np.exp(part.single[:, -1]),
            "borrowed": borrowed.mean(part.n, part.expected, part.x),
        }

    def mean_log(log_size: float, part: _Part, ratio: Floats, level: float) -> float:
        mean = np.maximum(level * ratio * np.maximum(part.later_expected, 1e-3), 1e-9)
        size = np.exp(log_size)
        return float(nbinom.logpmf(part.later_n, size, size / (size + mean)).mean())

    rows = []
    for name, ratio in ratios(known).items():
        level = float(known.later_n.sum() / np.maximum((ratio * known.later_expected).sum(), 1e-9))
        best = minimize_scalar(lambda v, r=ratio, k=level: -mean_log(v, known, r, k), bounds=(-6, 6), method="bounded")
        rows.append((name, mean_log(best.x, judged, ratios(judged)[name], level)))
    return pl.DataFrame(rows, schema=["estimate", "log_score"], orient="row")
