"""Labels at random: a model that was taught nothing must find nothing, else the judging gives truth away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from models.evaluation.known import Floats
from models.evaluation.methods import Examples
from models.evaluation.metrics import auc
from models.evaluation.triage import Boosted, Rows, Triage, boost, train

SHUFFLES = 8  # one alone is a direction at random, which may happen to agree with the truth or to contradict it
MODELS: dict[str, Callable[[Rows], Triage | Boosted]] = {"triage": train, "boosted": boost}


def shuffled(given: Examples, random: np.random.Generator) -> Examples:
    """Return the same rows with labels, and what they are worth, put at random among them."""
    order = random.permutation(given.n.size)
    rows = replace(given.rows, label=given.rows.label[order], weight=given.rows.weight[order])
    return replace(given, rows=rows, worth=given.worth[order])


def areas(given: Examples, judged: Rows, shuffles: int = SHUFFLES, seed: int = 0) -> dict[str, Floats]:
    """AUC on the true labels of `judged` by each of `MODELS` taught labels at random, one a shuffle (shuffles,)."""
    random = np.random.default_rng(seed)
    rows = [shuffled(given, random).valued() for _ in range(shuffles)]
    is_true = judged.label == 1
    return {
        name: np.array([auc(taught(one).score(judged.x), is_true) for one in rows]) for name, taught in MODELS.items()
    }
