"""All methods of the league: the statistics of a count, today's rules, and the models that want their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.evaluation import borrow
from models.evaluation.combined import OPEN, SUDDEN, Combined, Gate, Seen, surprise
from models.evaluation.features import BLOCKS, FEATURES
from models.evaluation.known import Floats, Ints, Sums
from models.evaluation.single import SINGLE, EmpiricalBayes
from models.evaluation.triage import COUNT_ONLY, VIGIRANK, Boosted, Rows, Triage, boost, train

STATISTICS = ("count", "ic", "ic025", "eb05", "ror025")  # the best of these is what a model has to beat
BASELINES = (*SINGLE, "eb05", "logistic_counts", "vigirank_like")
ABLATIONS = tuple(f"triage_without_{block}" for block in BLOCKS)
MODELS = ("borrowed", "triage", "boosted", "combined")
UNFLOORED = "combined_without_floors"
METHODS = (*BASELINES, *MODELS, UNFLOORED, *ABLATIONS)
# Calibrated, or meant to be.
LOG_ODDS = ("logistic_counts", "vigirank_like", "triage", "boosted", "combined", UNFLOORED, *ABLATIONS)
REFERENCES = ("ic025", "eb05")
FROM_SAMPLE = 0.08  # share of negatives that train
BY_LEAD = 0.5  # share of a true pair's weight that follows the months left until everyone knows
LONGEST_LEAD = 36  # months, that count
FEWEST_SUDDEN = 20  # training rows of each label
PASSING = 0.05  # share of the pairs that the gate lets through to the trees
BOOSTED_SHARE = 0.75  # of the combined log odds; the rest is the logistic's, whose lines go on where no tree looked


@dataclass(frozen=True)
class Examples:
    """Training rows with what borrowing needs beside: reports and expected reports (R,).

    worth: how much finding a true row would bring, in any unit (R,).
    """

    rows: Rows
    n: Floats
    expected: Floats
    worth: Floats

    @classmethod
    def joined(cls, parts: Sequence[Examples]) -> Examples:
        """Put examples of several worlds together."""
        n, expected, worth = (np.concatenate([getattr(p, f) for p in parts]) for f in ("n", "expected", "worth"))
        return cls(Rows.joined([p.rows for p in parts]), n, expected, worth)

    def valued(self) -> Rows:
        """The rows with weights times worth; true pairs weigh as much together as before."""
        is_true = self.rows.label == 1
        usual = float(self.worth[is_true].mean()) if is_true.any() else 1.0
        share = (1 - BY_LEAD) + BY_LEAD * self.worth / max(usual, 1e-9)
        return Rows(self.rows.x, self.rows.label, self.rows.weight * np.where(is_true, share, 1.0))


def examples(sums: Sums, x: Floats, labels: Ints, left: Ints, random: np.random.Generator) -> Examples:
    """Keep all positives and a sample of the negatives, weighted to stand for all.

    left: months until the pair is public (R,): an alert that comes early is worth more than one that comes late.
    """
    kept = (labels == 1) | ((labels == 0) & (random.random(labels.size) < FROM_SAMPLE))
    weight = np.where(labels[kept] == 1, 1.0, 1 / FROM_SAMPLE)
    worth = np.minimum(left[kept], LONGEST_LEAD).astype(float)
    return Examples(Rows(x[kept], labels[kept], weight), sums.n[kept], sums.expected[kept], worth)


@dataclass(frozen=True)
class Fitted:
    """The fitted models; `scores` asks every method of `METHODS`, `single` what needs a month whole.

    sudden: None where the examples hold too few such pairs to learn from. is_floored: whether the floors of
    `models.evaluation.combined` hold.
    """

    logistic: dict[str, Triage]
    boosted: Boosted
    borrowed: borrow.Borrowed
    sudden: Triage | None = None
    is_floored: bool = True
    empirical_bayes: EmpiricalBayes = field(default_factory=EmpiricalBayes)
    boosted_share: float = BOOSTED_SHARE
    gate: Gate = OPEN
    seen: Seen | None = None

    @property
    def combined(self) -> Combined:
        """What the list is ranked by."""
        return Combined(
            line=self.logistic["triage"],
            counts=self.logistic["logistic_counts"] if self.is_floored else None,
            sudden=self.sudden if self.is_floored else None,
            trees=self.boosted,
            share=self.boosted_share,
            gate=self.gate,
            seen=self.seen,
        )

    def single(self, domain: str, sums: Sums) -> Floats:
        """Scores of the statistics of a count (R, len(SINGLE) + 1), the last EB05 with the prior of the month."""
        return statistics(self.empirical_bayes, domain, sums)

    def scores(self, single: Floats, n: Floats, expected: Floats, x: Floats) -> Floats:
        """Score by every method (R, len(METHODS)), more is more suspect; rows may be of several months.

        single: see `single`. n, expected: (R,) reports of the pair and what independence expects. x: features.
        """
        found = dict(zip((*SINGLE, "eb05"), single.T, strict=True))
        found |= {name: one.score(x) for name, one in self.logistic.items()}
        found["boosted"] = self.boosted.score(x)
        found[UNFLOORED] = self.boosted_share * found["boosted"] + (1 - self.boosted_share) * found["triage"]
        found["combined"] = self.combined.held(found[UNFLOORED], x)
        found["borrowed"] = self.borrowed.lower(n, expected, x)
        return np.column_stack([found[name] for name in METHODS])

    def again(self) -> Fitted:
        """The same models before any month was scored: the prior of EB05 starts afresh."""
        return replace(self, empirical_bayes=EmpiricalBayes())


def fit(given: Examples) -> Fitted:
    """Fit every model on the examples."""
    rows = given.valued()
    logistic = {
        "logistic_counts": train(rows, COUNT_ONLY),
        "vigirank_like": train(rows, VIGIRANK),
        "triage": train(rows),
    }
    for block, names in BLOCKS.items():
        kept = [name for name in FEATURES if name not in names]
        logistic[f"triage_without_{block}"] = train(rows, kept)
    borrowed = borrow.fit(given.n, given.expected, given.rows.x, given.rows.weight)
    seen = Seen.of(given.rows.x, given.rows.weight)
    fitted = Fitted(logistic, boost(rows), borrowed, _sudden(rows), seen=seen)
    return replace(fitted, gate=_gate(fitted.combined, given.rows))


def statistics(bayes: EmpiricalBayes, domain: str, sums: Sums) -> Floats:
    """Scores of the statistics of a count (R, len(SINGLE) + 1), the last EB05 by the prior that `bayes` fits."""
    return np.column_stack([*(score(sums) for score in SINGLE.values()), bayes(domain, sums)])


def lines(given: Examples) -> Combined:
    """The combination without trees: a logistic line, its floors, and what the features were like."""
    rows = given.valued()
    seen = Seen.of(given.rows.x, given.rows.weight)
    return Combined(train(rows), train(rows, COUNT_ONLY), _sudden(rows), seen=seen)


def _gate(trained: Combined, rows: Rows) -> Gate:
    """The gate that leaves `PASSING` of the rows."""
    score = trained.cheap(rows.x)
    order = np.argsort(-score, kind="stable")
    share = np.cumsum(rows.weight[order]) / rows.weight.sum()
    return Gate(least=float(score[order][min(int(np.searchsorted(share, PASSING)), score.size - 1)]))


def _sudden(rows: Rows) -> Triage | None:
    """The odds by evidence among pairs beyond chance; None where either label is rarer than `FEWEST_SUDDEN`."""
    kept = surprise(rows.x) >= SUDDEN
    if np.bincount(rows.label[kept], minlength=2).min() < FEWEST_SUDDEN:
        return None
    return train(Rows(rows.x[kept], rows.label[kept], rows.weight[kept]), BLOCKS["evidence"])
