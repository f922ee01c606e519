"""Triage: the chance that a pair is a signal, from all that was known of it, and what raised it.

A penalised logistic regression (Caster 2014's vigiRank is one on five predictors) and boosted trees that may not
contradict medicine (`features.INCREASING`). Both tell contributions that sum to the score, in log odds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from models.evaluation.features import FEATURES, INCREASING
from models.evaluation.known import Floats, Ints

PENALTY = 0.05  # C of scikit-learn: the inverse of the strength
CLIPPED = 4.0  # standard deviations beyond which a feature counts no more
VALUES = 64  # of a feature, that trees split between
MANY = 20_000  # true rows
COUNT_ONLY = ("log_n", "ic", "ic025", "log_expected")
VIGIRANK = ("ic025", "log_n", "share_informative", "share_short", "share_narrative", "regions")


@dataclass(frozen=True)
class Rows:
    """Training rows: features (R, len(FEATURES)), label 0 or 1, weight (a sampled negative stands for others)."""

    x: Floats
    label: Ints
    weight: Floats

    @classmethod
    def joined(cls, parts: Sequence[Rows]) -> Rows:
        """Put rows of several worlds together."""
        return cls(*(np.concatenate([getattr(p, f) for p in parts]) for f in ("x", "label", "weight")))


@dataclass(frozen=True)
class Triage:
    """A fitted logistic score over the features named; log odds = base + the sum of contributions."""

    names: tuple[str, ...]
    mean: Floats
    scale: Floats
    coefficients: Floats
    base: float

    def contributions(self, x: Floats) -> Floats:
        """Part of each feature of `FEATURES` in the log odds (R, len(FEATURES)); 0 for those that are not used."""
        places = [FEATURES.index(name) for name in self.names]
        z = np.clip((x[:, places] - self.mean) / self.scale, -CLIPPED, CLIPPED)
        found = np.zeros(x.shape)
        found[:, places] = z * self.coefficients
        return found

    def score(self, x: Floats) -> Floats:
        """Log odds (R,)."""
        places = [FEATURES.index(name) for name in self.names]
        z = np.clip((x[:, places] - self.mean) / self.scale, -CLIPPED, CLIPPED)
        return np.asarray(self.base + z @ self.coefficients)


def train(rows: Rows, names: Sequence[str] = FEATURES, penalty: float = PENALTY) -> Triage:
    """Fit the logistic regression on the features named.

    Raises:
        ValueError: one label only, or an unknown feature.
    """
    places = [FEATURES.index(name) for name in names]
    x = rows.x[:, places]
    mean = np.average(x, axis=0, weights=rows.weight)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=rows.weight))
    scale = np.where(scale > 0, scale, 1.0)
    z = np.clip((x - mean) / scale, -CLIPPED, CLIPPED)
    fitted = LogisticRegression(C=penalty, max_iter=500).fit(z, rows.label, rows.weight)
    return Triage(tuple(names), mean, scale, fitted.coef_[0], float(fitted.intercept_[0]))


@dataclass(frozen=True)
class Boosted:
    """Fitted trees; log odds = base + the sum of contributions."""

    model: Any
    base: float
    trees: tuple[Any, ...]  # nodes of each tree with the mean of the leaves below each

    def score(self, x: Floats) -> Floats:
        """Log odds (R,)."""
        with threadpool_limits(1):
            return np.asarray(self.model.decision_function(x))

    def contributions(self, x: Floats) -> Floats:
        """Part of each feature in the log odds (R, len(FEATURES)): what each split on the way moved the mean."""
        found = np.zeros(x.shape)
        for nodes, mean in self.trees:
            at = np.zeros(x.shape[0], dtype=np.int64)
            active = np.flatnonzero(~nodes["is_leaf"][at].astype(bool))
            while active.size:
                here = at[active]
                feature = nodes["feature_idx"][here]
                is_left = x[active, feature] <= nodes["num_threshold"][here]
                to = np.where(is_left, nodes["left"][here], nodes["right"][here]).astype(np.int64)
                found[active, feature] += mean[to] - mean[here]
                at[active] = to
                active = active[~nodes["is_leaf"][to].astype(bool)]
        return found


def boost(rows: Rows, trees: int | None = None, seed: int = 0) -> Boosted:
    """Fit boosted trees, monotone in `INCREASING`; twice as many, and larger, where `MANY` true rows carry them."""
    is_many = np.count_nonzero(rows.label) >= MANY
    signs = [int(name in INCREASING) for name in FEATURES]
    model = HistGradientBoostingClassifier(
        max_iter=trees or (400 if is_many else 200),
        learning_rate=0.06,
        max_leaf_nodes=16 if is_many else 12,
        min_samples_leaf=60,
        l2_regularization=20.0,
        max_features=0.4,
        early_stopping=False,
        monotonic_cst=signs,
        random_state=seed,
    )
    with threadpool_limits(1):  # threads that wait for each other cost more than they give, and the sum is the same
        model.fit(coarse(rows.x), rows.label, rows.weight)
    explained = tuple(_explained(step[0].nodes) for step in model._predictors)
    base = float(model._baseline_prediction.ravel()[0]) + sum(float(mean[0]) for _, mean in explained)
    return Boosted(model, base, explained)


def coarse(x: Floats, values: int = VALUES) -> Floats:
    """Put each feature on at most so many of its own quantiles: trees need no more and fit much faster.

    The nearest one, so that a split falls where the rows themselves part. Left to itself, scikit-learn sorts
    each feature anew for each of 255 weighted quantiles.
    """
    found = np.empty_like(x)
    for i, column in enumerate(x.T):
        kept = np.unique(column)
        if kept.size > values:  # else a few rows that differ from all others would be put among them
            kept = np.unique(np.quantile(column, np.linspace(0, 1, values), method="nearest"))
        found[:, i] = kept[np.searchsorted((kept[1:] + kept[:-1]) / 2, column)]
    return found


def _explained(nodes: Any) -> tuple[Any, Floats]:
    """Nodes of a tree, and for each the mean of the leaves below it, weighted by training rows; children come later."""
    mean = nodes["value"].astype(float).copy()
    for i in range(len(nodes) - 1, -1, -1):
        if not nodes["is_leaf"][i]:
            left, right = int(nodes["left"][i]), int(nodes["right"][i])
            n_left, n_right = float(nodes["count"][left]), float(nodes["count"][right])
            mean[i] = (n_left * mean[left] + n_right * mean[right]) / (n_left + n_right)
    return nodes, mean
