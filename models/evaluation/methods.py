"""All methods of the league: the statistics of a count, today's rules, and the models that want their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from models.evaluation import borrow
from models.evaluation.features import BLOCKS, FEATURES
from models.evaluation.known import Floats, Ints, Sums
from models.evaluation.single import SINGLE, EmpiricalBayes
from models.evaluation.triage import COUNT_ONLY, VIGIRANK, Boosted, Rows, Triage, boost, train

STATISTICS = ("count", "ic", "ic025", "eb05", "ror025")  # the best of these is what a model has to beat
BASELINES = (*SINGLE, "eb05", "logistic_counts", "vigirank_like")
ABLATIONS = tuple(f"triage_without_{block}" for block in BLOCKS)
MODELS = ("borrowed", "triage", "boosted", "combined")
METHODS = (*BASELINES, *MODELS, *ABLATIONS)
LOG_ODDS = (
    "logistic_counts",
    "vigirank_like",
    "triage",
    "boosted",
    "combined",
    *ABLATIONS,
)  # calibrated, or meant to be
REFERENCES = ("ic025", "eb05")
FROM_SAMPLE = 0.15  # share of negatives that train


@dataclass(frozen=True)
class Examples:
    """Training rows with what borrowing needs beside: reports and expected reports (R,)."""

    rows: Rows
    n: Floats
    expected: Floats

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Put examples of several worlds together."""
        n, expected = (np.concatenate([getattr(p, f) for p in parts]) for f in ("n", "expected"))
        return cls(Rows.joined([p.rows for p in parts]), n, expected)


def examples(sums: Sums, x: Floats, labels: Ints, random: np.random.Generator) -> Examples:
    """Keep all positives and a sample of the negatives, weighted to stand for all."""
    kept = (labels == 1) | ((labels == 0) & (random.random(labels.size) < FROM_SAMPLE))
    weight = np.where(labels[kept] == 1, 1.0, 1 / FROM_SAMPLE)
    return Examples(Rows(x[kept], labels[kept], weight), sums.n[kept], sums.expected[kept])


@dataclass(frozen=True)
class Fitted:
    """The fitted models; `scores` asks every method of `METHODS`, `single` what needs a month whole."""

    logistic: dict[str, Triage]
    boosted: Boosted
    borrowed: borrow.Borrowed
    empirical_bayes: EmpiricalBayes = field(default_factory=EmpiricalBayes)

    def single(self, domain: str, sums: Sums) -> Floats:
        """Scores of the statistics of a count (R, len(SINGLE) + 1), the last EB05 with the prior of the month."""
        return np.column_stack([*(score(sums) for score in SINGLE.values()), self.empirical_bayes(domain, sums)])

    def scores(self, single: Floats, n: Floats, expected: Floats, x: Floats) -> Floats:
        """Score by every method (R, len(METHODS)), more is more suspect; rows may be of several months.

        single: see `single`. n, expected: (R,) reports of the pair and what independence expects. x: features.
        """
        found = dict(zip((*SINGLE, "eb05"), single.T, strict=True))
        found |= {name: one.score(x) for name, one in self.logistic.items()}
        found["boosted"] = self.boosted.score(x)
        found["combined"] = (found["triage"] + found["boosted"]) / 2
        found["borrowed"] = self.borrowed.lower(n, expected, x)
        return np.column_stack([found[name] for name in METHODS])

    def contributions(self, x: Floats) -> tuple[float, Floats]:
        """Base and parts (R, features) of the combined log odds; base + the sum of a row is its score."""
        parts = (self.logistic["triage"].contributions(x) + self.boosted.contributions(x)) / 2
        return (self.logistic["triage"].base + self.boosted.base) / 2, parts

    def again(self) -> Fitted:
        """The same models before any month was scored: the prior of EB05 starts afresh."""
        return Fitted(self.logistic, self.boosted, self.borrowed)


def fit(given: Examples) -> Fitted:
    """Fit every model on the examples."""
    logistic = {
        "logistic_counts": train(given.rows, COUNT_ONLY),
        "vigirank_like": train(given.rows, VIGIRANK),
        "triage": train(given.rows),
    }
    for block, names in BLOCKS.items():
        kept = [name for name in FEATURES if name not in names]
        logistic[f"triage_without_{block}"] = train(given.rows, kept)
    borrowed = borrow.fit(given.n, given.expected, given.rows.x, given.rows.weight)
    return Fitted(logistic, boost(given.rows), borrowed)
