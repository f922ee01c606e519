"""Areas, alerts and leads against their definitions and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from models.evaluation.burden import Ranked, alerts, leads, matched, truths
from models.evaluation.metrics import (
    area,
    auc,
    average_precision,
    calibration_slope,
    kaplan_meier,
    negatives_above,
    ordered,
    sensitivity,
)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(1, 3)), min_size=2, max_size=60))
def test_weighted_auc_is_scikit_learns(rows):
    score, label, weight = (np.array(column) for column in zip(*rows, strict=True))
    score, label, weight = score.astype(float), label.astype(bool), weight.astype(float)
    if label.all() or not label.any():
        return
    order, ends = ordered(score)
    above, totals = negatives_above(ends, label[order], np.arange(score.size)[order], weight[None, :])
    found = area(above[0], weight[order][label[order]], totals[0])
    assert found == pytest.approx(roc_auc_score(label, score, sample_weight=weight))


def test_average_precision_without_ties_is_scikit_learns():
    random = np.random.default_rng(1)
    score, label = random.permutation(400).astype(float), random.random(400) < 0.1
    order, ends = ordered(score)
    above, totals = negatives_above(ends, label[order], np.zeros(400, dtype=np.int64), np.ones((1, 1)))
    ones = np.ones(above.shape[1])
    assert average_precision(above[0], ones) == pytest.approx(average_precision_score(label, score))
    assert auc(score, label) == pytest.approx(roc_auc_score(label, score))
    threshold = np.quantile(score[~label], 0.9, method="higher")
    assert sensitivity(above[0], ones, totals[0], 0.9) == pytest.approx((score[label] >= threshold).mean(), abs=0.03)


def test_calibration_slope_is_that_of_a_plain_logistic_regression():
    random = np.random.default_rng(2)
    score = random.normal(-1, 1.5, 3000)
    label = random.random(3000) < 1 / (1 + np.exp(-0.6 * score))
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(score[:, None], label)
    assert calibration_slope(score, label) == pytest.approx(plain.coef_[0, 0], rel=1e-4)
    assert np.isnan(calibration_slope(score, np.zeros(3000, dtype=bool)))


def ranked(scores, label=None, n=None):
    """Months × pairs of scores as rows."""
    scores = np.asarray(scores, dtype=float)
    pairs = scores.shape[1]
    month, pair = (x.ravel() for x in np.indices(scores.shape))
    label = np.zeros(pairs, dtype=int) if label is None else np.asarray(label)
    n = np.full(pairs, 3) if n is None else np.asarray(n)
    return Ranked(month, pair, label[pair], n[pair], scores.reshape(-1, 1))


def test_a_pair_is_alerted_once_and_the_strongest_new_one_first():
    given_ = ranked([[3, 2, 1], [3, 2, 1], [3, 2, 1]])
    rows, ranks = alerts(given_, 0, 1.0)
    assert given_.pair[rows].tolist() == [0, 1, 2]
    assert given_.month[rows].tolist() == [0, 1, 2]
    assert ranks.tolist() == [1, 1, 1]


def test_a_fraction_of_an_alert_carries_over():
    given_ = ranked(np.random.default_rng(0).random((10, 50)))
    rows, _ = alerts(given_, 0, 0.5)
    assert given_.month[rows].tolist() == [1, 3, 5, 7, 9]
    assert alerts(given_, 0, 0.0)[0].size == 0


def test_ties_go_to_more_reports_and_what_is_judged_neither_way_is_no_candidate():
    given_ = ranked([[1, 1, 1, 9]], label=[0, 0, 0, -1], n=[2, 5, 3, 9])
    rows, _ = alerts(given_, 0, 2.0)
    assert given_.pair[rows].tolist() == [1, 2]


@given(st.integers(0, 1000), st.sampled_from([0.3, 1.0, 2.5, 7.0]))
def test_all_scores_alert_as_many(seed, a_month):
    random = np.random.default_rng(seed)
    scores = random.integers(0, 4, (12, 120)).astype(float)
    rows, _ = alerts(ranked(scores), 0, a_month)
    assert rows.size == int(12 * a_month + 1e-9)
    assert np.unique(ranked(scores).pair[rows]).size == rows.size


def test_lead_is_from_the_alert_to_the_public_date_and_a_miss_is_none():
    given_ = ranked([[1, 9, 0], [9, 1, 0], [9, 1, 0], [0, 0, 0]], label=[1, 0, 1])
    public = np.array([3, 99, 99])
    known = truths(given_, public, end=4)
    assert known.left.tolist() == [3, 4]
    rows, _ = alerts(given_, 0, 1.0)
    assert leads(given_, rows, known).tolist() == [2.0, 2.0]
    assert leads(given_, rows[:1], known).tolist() == [0.0, 0.0]


def test_time_to_an_event_is_kaplan_and_meiers():
    time = np.array([1.0, 2, 2, 3, 4, 5])
    is_event = np.array([True, True, False, False, True, False])
    by_hand = [0.0, 1 / 6, 1 - 5 / 6 * 4 / 5, 1 - 5 / 6 * 4 / 5, 1 - 5 / 6 * 4 / 5 * 1 / 2]
    assert kaplan_meier(time, is_event, [0.5, 1, 2, 3.9, 9]) == pytest.approx(by_hand)
    assert np.isnan(kaplan_meier(time[:0], is_event[:0], [1])).all()


def test_matched_negatives_are_the_nearest_by_reports_of_pair_and_event():
    n = np.array([5, 5, 6, *range(40, 60)])
    label = np.array([1, *[0] * 22])
    given = ranked(np.zeros((1, n.size)), label=label, n=n)
    kept = matched(given, np.full(n.size, 30.0))
    assert kept[:3].all()
    assert kept.sum() == 11
    assert not kept[np.argsort(n)[-8:]].any()
    nothing = ranked(np.zeros((1, 3)), label=np.zeros(3, dtype=int), n=np.array([2, 3, 4]))
    assert not matched(nothing, np.ones(3)).any()
