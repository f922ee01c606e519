"""Replication without labels: does a score at t foretell the excess among the reports received in the year after?

A pair's outcome is whether its reports of (t, t + 12 months] alone are in excess of what their own margins expect
(IC025 above 0). Nothing of what is scored is in the outcome. Models are fitted on each half of the substances and
judged on the other, in later months, whose outcomes begin after the last training outcome ended.
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
from models.evaluation.features import FEATURES, features
from models.evaluation.known import Floats, Ints, Reported, Sums, walk
from models.evaluation.metrics import area, average_precision, negatives_above, ordered
from models.evaluation.single import LEAST_EXPECTED, SINGLE, EmpiricalBayes
from models.evaluation.triage import COUNT_ONLY, VIGIRANK, Rows, boost, train
from models.mgps.posterior import ebgm

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
    ebgm: Floats

    @classmethod
    def joined(cls, parts: Sequence[_Part]) -> _Part:
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in cls.__dataclass_fields__))

    def where(self, keep: NDArray[np.bool_]) -> _Part:
        return _Part(*(getattr(self, f)[keep] for f in self.__dataclass_fields__))


def replicate(
    reported: Reported,
    is_training: NDArray[np.bool_],
    train_months: Sequence[int],
    test_months: Sequence[int],
    bootstrap: int = 200,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Judge all `METHODS` on later excess; `is_training` (S,) parts the substances in two.

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
    bayes, parts = EmpiricalBayes(), {}
    for _, sums in walk({"": reported}, months):
        n, expected = later(reported, sums)
        single = np.column_stack([*(score(sums) for score in SINGLE.values()), bayes("", sums)])
        mean = ebgm(sums.n, np.maximum(sums.expected, LEAST_EXPECTED), bayes.priors[""])
        columns = (np.full(sums.n.size, sums.month), sums.substance, ic(n, expected).lower > 0)
        parts[sums.month] = _Part(*columns, sums.n, sums.expected, n, expected, features(sums), single, mean)
    known, judged = (_Part.joined([parts[t] for t in months]) for months in (train_months, test_months))
    scores = np.zeros((judged.n.size, len(METHODS)))
    scores[:, : judged.single.shape[1]] = judged.single
    means = np.zeros(judged.n.size)
    for half in (is_training, ~is_training):
        to = ~half[judged.substance]
        fitted = known.where(half[known.substance])
        scores[to, judged.single.shape[1] :], means[to] = _fitted(fitted, judged.where(to))
    return _table(judged, scores, bootstrap, seed), _log_scores(judged, means)


def _fitted(known: _Part, judged: _Part) -> tuple[Floats, Floats]:
    """Scores of `MODELS` (R, models), and the mean ratio that borrowing gives (R,)."""
    ones = np.ones(known.n.size)
    rows = Rows(known.x, known.is_excess.astype(np.int64), ones)
    borrowed = borrow.fit(known.n, known.expected, known.x, ones)
    logistic = [train(rows, names).score(judged.x) for names in (COUNT_ONLY, VIGIRANK, FEATURES)]
    lower = borrowed.lower(judged.n, judged.expected, judged.x)
    scores = np.column_stack([*logistic, boost(rows).score(judged.x), lower])
    return scores, borrowed.mean(judged.n, judged.expected, judged.x)


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


def _log_scores(judged: _Part, borrowed: Floats) -> pl.DataFrame:
    """Mean negative binomial log probability of the later counts; level and dispersion are each estimate's best."""
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
    rows = []
    for name, ratio in ratios.items():
        mean = ratio * np.maximum(judged.later_expected, borrow.LEAST_EXPECTED)
        mean *= judged.later_n.sum() / mean.sum()

        def loss(log_size: float, mean: Floats = mean) -> float:
            size = np.exp(log_size)
            return -float(nbinom.logpmf(judged.later_n, size, size / (size + mean)).mean())

        rows.append((name, -float(minimize_scalar(loss, bounds=(-6, 6), method="bounded").fun)))
    return pl.DataFrame(rows, schema=["estimate", "log_score"], orient="row")
