"""Alerts at an equal burden: each month the strongest pairs that were not alerted before, as many for every method."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from models.evaluation.known import Floats, Ints

MULTIPLES = (0.5, 1.0, 2.0, 4.0)  # of the base burden
MATCHED = 10  # negatives a truth, nearest by the logarithms of its reports and of the event's
ALERTS_A_TRUTH = 2.0  # at the base burden, over the window


@dataclass(frozen=True)
class Ranked:
    """Rows of one domain that may be alerted, in the order of months: month, pair, label (R,); scores (R, M)."""

    month: Ints
    pair: Ints
    label: Ints
    n: Ints
    scores: Floats


@dataclass(frozen=True)
class Truths:
    """True pairs that counted for a month at least: pair, first such month, month that they left (exclusive)."""

    pair: Ints
    first: Ints
    left: Ints


def truths(ranked: Ranked, public: Ints, end: int) -> Truths:
    """Pairs with label 1 in any row; public: month in which each pair of the domain was recognised, by its code."""
    is_true = ranked.label == 1
    pair, place = np.unique(ranked.pair[is_true], return_index=True)
    return Truths(pair, ranked.month[is_true][place], np.minimum(public[pair], end))


def alerts(ranked: Ranked, method: int, a_month: float) -> tuple[Ints, Ints]:
    """Rows that are alerted and their rank in the month, with `a_month` new pairs a month (a fraction carries over).

    A pair is alerted once. Ties go to more reports, then to the lower code. Rows with label -1 are not candidates.
    """
    months = np.unique(ranked.month)
    begins = np.searchsorted(ranked.month, months)
    ends = np.append(begins[1:], ranked.month.size)
    alerted = np.zeros(int(ranked.pair.max(initial=-1)) + 1, dtype=bool)
    rows, ranks, allowed = [], [], 0.0
    for begin, end in zip(begins, ends, strict=True):
        allowed += a_month
        k = int(allowed + 1e-9)
        allowed -= k
        if not k:
            continue
        new = np.flatnonzero(~alerted[ranked.pair[begin:end]] & (ranked.label[begin:end] >= 0)) + begin
        best = new[strongest(ranked.scores[new, method], ranked.n[new], ranked.pair[new], k)]
        rows.append(best)
        ranks.append(np.arange(1, best.size + 1))
        alerted[ranked.pair[best]] = True
    if not rows:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    return np.concatenate(rows), np.concatenate(ranks)


def strongest(score: Floats, n: Ints, pair: Ints, k: int) -> Ints:
    """Places of the `k` highest scores, in their order; ties go to more reports `n`, then to the lower code `pair`."""
    kept = np.arange(score.size)
    if score.size > k:
        kept = np.flatnonzero(score >= np.partition(score, score.size - k)[score.size - k])
    return kept[np.lexsort((pair[kept], -n[kept], -score[kept]))[:k]]


def leads(ranked: Ranked, rows: Ints, known: Truths) -> Floats:
    """Months from the alert of each truth to its leaving; 0 for one that was not alerted in time."""
    found = np.zeros(known.pair.size)
    true_rows = rows[ranked.label[rows] == 1]
    place = np.searchsorted(known.pair, ranked.pair[true_rows])
    found[place] = np.maximum(known.left[place] - ranked.month[true_rows], 0)
    return found


def matched(ranked: Ranked, n_event: Floats) -> NDArray[np.bool_]:
    """Which rows are of true pairs, or of the negatives nearest to one by its reports and by those of its event (R,).

    Pairs are compared at the last month of each. n_event: (R,).
    """
    _, last = np.unique(ranked.pair[::-1], return_index=True)
    at = ranked.pair.size - 1 - last
    true, false = nearest(ranked.n[at], n_event[at], ranked.label[at])
    return np.isin(ranked.pair, ranked.pair[at[np.concatenate([true, np.ravel(false)])]])


def nearest(n: Ints, n_event: Floats, label: Ints) -> tuple[Ints, Ints]:
    """Places of the true pairs (T,), and of up to `MATCHED` false ones nearest to each (T, K), the nearest first.

    n, n_event, label: (P,) of each pair.
    """
    place = np.column_stack([np.log(n), np.log(n_event)])
    false, true = np.flatnonzero(label == 0), np.flatnonzero(label == 1)
    if not false.size or not true.size:
        return true, np.zeros((true.size, 0), dtype=np.int64)
    found = cKDTree(place[false]).query(place[true], k=range(1, min(MATCHED, false.size) + 1))[1]
    return true, false[found]
