"""Labels at random: a model that was taught nothing must find nothing, else the judging gives truth away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from models.evaluation.known import Floats
from models.evaluation.methods import Examples
from models.evaluation.metrics import auc
from models.evaluation.triage import Boosted, Rows, Triage, boost, train

Bools = NDArray[np.bool_]
SHUFFLES = 8  # one alone is a direction at random, which may happen to agree with the truth or to contradict it
TREES = 100  # of each of the eight: what labels at random teach shows in a part of those that the league's model has
MODELS: dict[str, Callable[[Rows], Triage | Boosted]] = {"triage": train, "boosted": partial(boost, trees=TREES)}


def shuffled(given: Examples, random: np.random.Generator) -> Examples:
    """Return the same rows with labels, and what they are worth, put at random among them."""
    order = random.permutation(given.n.size)
    rows = replace(given.rows, label=given.rows.label[order], weight=given.rows.weight[order])
    return replace(given, rows=rows, worth=given.worth[order])


def areas(given: Examples, judged: Examples, shuffles: int = SHUFFLES, seed: int = 0) -> dict[str, Floats]:
    """AUC (shuffles, 2) of each of `MODELS` taught labels at random: on judged labels at random, and on the true ones.

    The first must lie about one half each time. The second does so on average: each shuffle teaches some direction.
    """
    random = np.random.default_rng(seed)
    taught = [shuffled(given, random).valued() for _ in range(shuffles)]
    labels = [(shuffled(judged, random).rows.label == 1, judged.rows.label == 1) for _ in range(shuffles)]

    def both(model: Triage | Boosted, of: tuple[Bools, Bools]) -> list[float]:
        score = model.score(judged.rows.x)
        return [auc(score, is_true) for is_true in of]

    return {
        name: np.array([both(fit(rows), of) for rows, of in zip(taught, labels, strict=True)])
        for name, fit in MODELS.items()
    }
