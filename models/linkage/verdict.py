"""Whether a linkage model tells cases apart, judged by what it did not look at.

Links are chosen again without one field, the witness. True pairs then still agree in it as two tellings of one case do
(m), chance pairs as any two reports do (u). Where the share in agreement lies nearer to u, the links are no duplicates,
whatever probability the model gives them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from models.linkage.compare import UNKNOWN, Comparison, Floats
from models.linkage.fellegi_sunter import LinkageModel, probability
from models.linkage.fields import FIELDS

LEAST_SPREAD = 0.2
"""A field is a witness where m exceeds u by this much."""
FLOOR = 0.5
"""Share of true pairs among the links below which the model is refused."""
DOUBT = 0.05


@dataclass(frozen=True)
class Witness:
    """What one field says of links made without it: pairs judged, share that agree, and what true and chance pairs
    would show."""

    field: str
    n: int
    agreeing: float
    m: float
    u: float

    @property
    def precision(self) -> float:
        """Estimated share of true pairs among the links: (agreeing - u) / (m - u), within 0 and 1."""
        return float(np.clip((self.agreeing - self.u) / (self.m - self.u), 0, 1))

    @property
    def speaks_against(self) -> bool:
        """Even the upper bound (Clopper and Pearson 1934, 95 %) of the agreement means that most links are chance."""
        hits = round(self.n * self.agreeing)
        upper = 1.0 if hits == self.n else float(beta.ppf(1 - DOUBT, hits + 1, self.n - hits))
        return upper < self.u + FLOOR * (self.m - self.u)


@dataclass(frozen=True)
class Verdict:
    """The witnesses; the model is refused where one of them speaks against it."""

    witnesses: tuple[Witness, ...]

    @property
    def is_accepted(self) -> bool:
        """No witness speaks against the links."""
        return not any(w.speaks_against for w in self.witnesses)

    @property
    def reason(self) -> str:
        """Why the model was refused; empty if it was not."""
        said = [
            f"of {w.n} links chosen without {w.field}, {w.agreeing:.2f} agree in it; true pairs would {w.m:.2f}, "
            f"chance pairs {w.u:.2f}"
            for w in self.witnesses
            if w.speaks_against
        ]
        return "; ".join(said)


def judge(
    model: LinkageModel, comparison: Comparison, bits: dict[str, Floats], weight: Floats, link_from: float
) -> Verdict:
    """Ask every field that can tell: `bits` and `weight` as the model gives them for the compared pairs."""
    witnesses = []
    for name, field in FIELDS.items():
        if name not in bits or field.kind == "terms":
            continue
        equal, levels = list(field.equal), comparison.levels[name]
        m, u = float(model.m[name][equal].sum()), float(model.u_sharing[name][equal].sum())
        without = (probability(model, weight - bits[name]) >= link_from) & (levels != UNKNOWN)
        n = int(without.sum())
        if n and m - u >= LEAST_SPREAD:
            agreeing = float(np.isin(levels[without], equal).mean())
            witnesses.append(Witness(name, n, agreeing, m, u))
    return Verdict(tuple(witnesses))
