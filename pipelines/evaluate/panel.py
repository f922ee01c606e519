"""Which methods a lake is judged by: those of the league, or those that the lake's own lists are made with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from models.evaluation.methods import METHODS, statistics
from models.evaluation.single import SINGLE, EmpiricalBayes
from pipelines.evaluate.worlds import reasons

if TYPE_CHECKING:
    from models.evaluation.combined import Combined
    from models.evaluation.known import Floats, Sums
    from models.evaluation.methods import Fitted
    from models.evaluation.own_past import OwnPast
    from pipelines.evaluate.lake import LakeReports

SIMULATED = ("triage", "combined")  # of the models of simulated countries, shown beside those of the lake's past
WHY = 100  # rows of each month whose reasons are kept


class Panel(Protocol):
    """Methods that score the pairs of a lake month by month; `log_odds` are those whose score is meant as such."""

    methods: tuple[str, ...]
    log_odds: tuple[str, ...]
    learns: bool  # whether it must see months before the first that is judged

    def seen(self, name: str, sums: Sums, x: Floats) -> None:
        """Take a month of a domain in."""
        ...

    def scores(self, name: str, sums: Sums, x: Floats) -> tuple[Floats, np.ndarray]:
        """Scores (R, M), and what raised the first `WHY` rows of `combined` (R,), None for the others."""
        ...


class OwnPasts:
    """All methods of the league: learned ones fitted to the lake's own past, those of simulated countries beside."""

    methods: tuple[str, ...] = (*METHODS, *(f"{name}_simulated" for name in SIMULATED))
    log_odds: tuple[str, ...] = tuple(f"{name}_simulated" for name in SIMULATED)
    learns = True

    def __init__(self, reports: LakeReports, fitted: Fitted):
        """`fitted` are the models of simulated countries."""
        from models.evaluation.own_past import OwnPast

        self.fitted = fitted.again()
        self.pasts: dict[str, OwnPast] = {name: OwnPast(d.received) for name, d in reports.domains.items()}

    def seen(self, name: str, sums: Sums, x: Floats) -> None:
        """Fit anew to what is confirmed by now."""
        self.pasts[name].seen(sums, x)

    def scores(self, name: str, sums: Sums, x: Floats) -> tuple[Floats, np.ndarray]:
        """Score by every method."""
        single = self.fitted.single(name, sums)
        simulated = self.fitted.scores(single, sums.n, sums.expected, x)
        own = self.pasts[name].scores(simulated, single, sums, x)
        found = np.column_stack([own, *(simulated[:, METHODS.index(m)] for m in SIMULATED)])
        told = (self.pasts[name].fitted or self.fitted).combined
        return found, why(told, own[:, METHODS.index("combined")], x)


class Standing:
    """The statistics of a count and the combination that the lake's lists are made with."""

    methods: tuple[str, ...] = (*SINGLE, "eb05", "combined")
    log_odds: tuple[str, ...] = ("combined",)
    learns = False

    def __init__(self, combined: Combined):
        """`combined` scores the lists."""
        self.combined, self.bayes = combined, EmpiricalBayes()

    def seen(self, name: str, sums: Sums, x: Floats) -> None:
        """Learn nothing: what scores stands."""

    def scores(self, name: str, sums: Sums, x: Floats) -> tuple[Floats, np.ndarray]:
        """Score by every method."""
        score = self.combined.score(x)
        return np.column_stack([statistics(self.bayes, name, sums), score]), why(self.combined, score, x)


def why(combined: Combined, score: Floats, x: Floats) -> np.ndarray:
    """What raised the `WHY` rows with the highest score (R,); None for the others."""
    found = np.full(score.size, None, dtype=object)
    best = np.argsort(-score, kind="stable")[:WHY]
    found[best] = reasons(combined, x[best])
    return found
