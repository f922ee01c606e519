"""How well a score tells pairs apart: areas, sensitivity, with weights, so that a bootstrap costs one pass each."""

from __future__ import annotations

from collections.abc import Sequence

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.evaluation.known import Floats, Ints
from models.survival.kaplan_meier import curve


def ordered(score: Floats) -> tuple[Ints, Ints]:
    """Order of the rows, the highest score first, and where each run of equal scores ends (exclusive)."""
    order = np.argsort(-score, kind="stable")
    return order, np.append(np.flatnonzero(np.diff(score[order]) != 0) + 1, score.size)


@numba.njit(cache=True)
def negatives_above(
    ends: Ints, is_positive: NDArray[np.bool_], cluster: Ints, weights: Floats
) -> tuple[Floats, Floats]:
    """Weight of the negatives above each positive, half of its equals included, for each set of weights of clusters.

    Rows are in the order of `ordered`. weights: (B, clusters). Returns (B, positives) in that order, and the weight of
    all negatives (B,).
    """
    n_positive = 0
    for i in range(is_positive.size):
        n_positive += is_positive[i]
    found = np.zeros((weights.shape[0], n_positive))
    totals = np.zeros(weights.shape[0])
    for b in range(weights.shape[0]):
        above, begin, place = 0.0, 0, 0
        for end in ends:
            tied, positives = 0.0, 0
            for i in range(begin, end):
                if is_positive[i]:
                    positives += 1
                else:
                    tied += weights[b, cluster[i]]
            for _ in range(positives):
                found[b, place] = above + tied / 2
                place += 1
            above += tied
            begin = end
        totals[b] = above
    return found, totals


def area(above: Floats, weight: Floats, total: float) -> float:
    """AUC of positives with these weights of negatives above them; NaN where either is missing."""
    whole = float(weight.sum())
    return float(1 - (weight @ above) / (whole * total)) if whole > 0 and total > 0 else float("nan")


def average_precision(above: Floats, weight: Floats) -> float:
    """Average precision of positives: the mean share of positives among the rows down to each."""
    order = np.argsort(above, kind="stable")
    w, negatives = weight[order], above[order]
    positives = np.cumsum(w)
    if positives.size == 0 or positives[-1] <= 0:
        return float("nan")
    seen = positives + negatives
    precision = np.divide(positives, seen, out=np.zeros_like(seen), where=seen > 0)
    return float((w * precision).sum() / positives[-1])


def sensitivity(above: Floats, weight: Floats, total: float, specificity: float) -> float:
    """Share of positives above the threshold that leaves this share of negatives below it."""
    whole = float(weight.sum())
    if whole <= 0 or total <= 0:
        return float("nan")
    return float(weight[above <= (1 - specificity) * total].sum() / whole)


def kaplan_meier(time: Floats, is_event: NDArray[np.bool_], at: Sequence[float]) -> list[float]:
    """Share that had the event by each time, of what was followed for `time` (K,) (Kaplan and Meier 1958).

    What ends at the time of an event counts as followed through it. NaN where nothing was followed.
    """
    if not time.size:
        return [float("nan")] * len(at)
    times, _, _, left = curve(time, is_event)
    return [float(1 - left[times <= t][-1]) if (times <= t).any() else 0.0 for t in at]


def calibration_slope(log_odds: Floats, is_positive: NDArray[np.bool_], steps: int = 30) -> float:
    """Slope of a logistic regression of what is true on a score in log odds: 1 where it means what it says.

    Below 1 it is too sure, above 1 too shy. NaN where there are no positives, no negatives, or the fit does not settle.
    """
    if not is_positive.any() or is_positive.all() or not np.isfinite(log_odds).all():
        return float("nan")
    x = np.column_stack([np.ones(log_odds.size), log_odds])
    beta = np.array([0.0, 1.0])
    for _ in range(steps):
        p = expit(x @ beta)
        information = x.T @ (x * (p * (1 - p))[:, None])
        try:
            step = np.linalg.solve(information, x.T @ (is_positive - p))
        except np.linalg.LinAlgError:
            return float("nan")
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-9:
            return float(beta[1])
    return float("nan")


def auc(score: Floats, is_positive: NDArray[np.bool_]) -> float:
    """Plain AUC of a score."""
    order, ends = ordered(score)
    alike = np.zeros(score.size, dtype=np.int64)
    above, total = negatives_above(ends, is_positive[order], alike, np.ones((1, 1)))
    return area(above[0], np.ones(above.shape[1]), float(total[0]))
