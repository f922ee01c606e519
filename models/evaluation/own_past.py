"""Models of a lake's own past: fitted, as time goes on, to which pairs its later reports confirmed by then.

No label of a reference is used: a pair of an earlier month is confirmed where its reports first received in the
`HORIZON` months after are in excess of what their margins expect. At each month only outcomes that had ended are known.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from models.disproportionality.ic import ic
from models.evaluation.known import Floats, Sums
from models.evaluation.methods import METHODS, Examples, Fitted, fit
from models.evaluation.replicate import Arrived, later
from models.evaluation.triage import Rows

HORIZON = 6  # months: half a year is waited for, so that a young lake soon has a past
EVERY = 3  # months between rows that train, and between fits
FEWEST_CONFIRMED = 20  # pairs, before anything is fitted
MOST_ROWS = 60_000  # of the latest months, that one fit sees
COUNTED = 0.75  # weight of the rank by reports in `combined`; the rest is that by the triage of the past
LEARNED = tuple(m for m in METHODS if m.startswith(("triage", "logistic", "vigirank", "boosted", "borrowed")))


@dataclass
class OwnPast:
    """Scores of one domain, month after month; `seen` must be told of each month in their order."""

    arrived: Arrived
    waiting: list[tuple[Sums, Floats]] = field(default_factory=list)
    known: list[Examples] = field(default_factory=list)
    fitted: Fitted | None = None

    def seen(self, sums: Sums, x: Floats) -> None:
        """Take a month in: keep it as one that may train, and fit anew to what is confirmed by now."""
        if sums.month % EVERY:
            return
        if sums.n.size:
            self.waiting.append((sums, x))
        while self.waiting and self.waiting[0][0].month + HORIZON <= sums.month:
            self.known.append(self._confirmed(*self.waiting.pop(0)))
        while sum(part.n.size for part in self.known[1:]) > MOST_ROWS:
            self.known.pop(0)
        if not self.known:
            return
        rows = Examples.joined(self.known)
        n_confirmed = int(rows.rows.label.sum())
        if FEWEST_CONFIRMED <= n_confirmed < rows.n.size:
            # What is told to raise a pair is what raised triage.
            self.fitted = replace(fit(rows), boosted_share=0.0, is_floored=False)

    def _confirmed(self, sums: Sums, x: Floats) -> Examples:
        n, expected = later(self.arrived, sums, HORIZON)
        label = (ic(n, expected).lower > 0).astype(np.int64)
        ones = np.ones(label.size)
        return Examples(Rows(x, label, ones), sums.n, sums.expected, ones)

    def scores(self, scores: Floats, single: Floats, sums: Sums, x: Floats) -> Floats:
        """Put the models of the past in place of those in `scores` (R, len(METHODS)), once there are any.

        Scores of learned methods are ranks within the month from then on and before; `combined` is the mean rank by
        reports and by triage, by reports alone while nothing is learned.
        """
        found = scores.copy()
        if self.fitted is not None:
            found[:] = self.fitted.scores(single, sums.n, sums.expected, x)
            found[:, : single.shape[1]] = scores[:, : single.shape[1]]
        for name in LEARNED:
            found[:, METHODS.index(name)] = rank(found[:, METHODS.index(name)])
        counted = rank(scores[:, METHODS.index("count")])
        learned = counted if self.fitted is None else found[:, METHODS.index("triage")]
        found[:, METHODS.index("combined")] = COUNTED * counted + (1 - COUNTED) * learned
        return found


def rank(score: Floats) -> Floats:
    """Rank within the month, 1 for the highest score, near 0 for the lowest; equal scores share their mean rank."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(score) / max(score.size, 1))
