"""The combined score: what an agency's list is ranked by, what raised it, what would lower it, and the gate before it.

Log odds of a logistic line and, where there are trees, of both. What was learned of known families must not hide a harm
of another kind: the score never falls below two floors that know no family, the log odds by the count alone less
`LEARNED` and, where the reports of the last 6 months are beyond chance by `SUDDEN` nats, those of such pairs by their
evidence (less by what is missing to `SUDDEN`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.features import FEATURES
from models.evaluation.known import FEWEST, Floats
from models.evaluation.triage import Boosted, Triage

SUDDEN = 12.0  # nats of likelihood ratio from which chance explains the last months no more, in all pairs looked at
LEARNED = 1.0  # log odds that what was learned may take off what the count alone says
SHIPPED = Path(__file__).with_name("default.json")
BINS = 10  # that the distribution of a feature is told in
Bools = NDArray[np.bool_]
_SHORT = FEATURES.index("llr_short")


@dataclass(frozen=True)
class Gate:
    """What a pair must have to be scored: reports, and a score by the lines alone (log odds), which costs little."""

    fewest: int = FEWEST
    least: float = -np.inf


OPEN = Gate()


@dataclass(frozen=True)
class Seen:
    """How the features were distributed in training: inner bounds (F, BINS - 1), and shares between them (F, BINS)."""

    bounds: Floats
    shares: Floats

    @classmethod
    def of(cls, x: Floats, weight: Floats) -> Seen:
        """Tell the distribution of rows (R, F), each standing for `weight` rows (R,)."""
        bounds = np.empty((x.shape[1], BINS - 1))
        for i, column in enumerate(x.T):
            order = np.argsort(column, kind="stable")
            share = np.cumsum(weight[order]) / weight.sum()
            at = np.searchsorted(share, np.arange(1, BINS) / BINS)
            bounds[i] = column[order][np.minimum(at, column.size - 1)]
        return cls(bounds, shares(x, bounds, weight))


def shares(x: Floats, bounds: Floats, weight: Floats | None = None) -> Floats:
    """Share of rows (R, F) in each bin of each feature (F, BINS); a bound belongs to the bin below it."""
    weight = np.ones(x.shape[0]) if weight is None else weight
    found = np.empty((x.shape[1], BINS))
    for i, column in enumerate(x.T):
        counts = np.bincount(np.searchsorted(bounds[i], column), weights=weight, minlength=BINS)
        found[i] = counts[:BINS] / max(float(weight.sum()), 1e-12)
    return found


@dataclass(frozen=True)
class Combined:
    """The models behind one score; `score` is `base` + the sum of the parts that `contributions` tells.

    counts, sudden: the floors, None where there is none. share: of the log odds that is the trees'. seen: None where it
    was not told what the features were like in training.
    """

    line: Triage
    counts: Triage | None = None
    sudden: Triage | None = None
    trees: Boosted | None = None
    share: float = 0.0
    gate: Gate = OPEN
    seen: Seen | None = None

    def score(self, x: Floats) -> Floats:
        """Log odds (R,) of rows of `FEATURES` (R, F)."""
        own = self.line.score(x)
        if self.trees is not None and self.share:
            own = self.share * self.trees.score(x) + (1 - self.share) * own
        return self.held(own, x)

    def cheap(self, x: Floats) -> Floats:
        """Log odds by the lines alone (R,): what the gate looks at."""
        return self.held(self.line.score(x), x)

    def gated(self, n: Floats, x: Floats) -> Floats:
        """Score of what passes the gate, NaN for the others (R,); n: reports of the pair."""
        found = np.full(x.shape[0], np.nan)
        asked = np.flatnonzero(n >= self.gate.fewest)
        asked = asked[self.cheap(x[asked]) >= self.gate.least]
        found[asked] = self.score(x[asked])
        return found

    def contributions(self, x: Floats) -> tuple[Floats, Floats]:
        """Base (R,) and parts (R, F) of the log odds. Where a floor holds a pair, they are the floor's."""
        share = self.share if self.trees is not None else 0.0
        parts = (1 - share) * self.line.contributions(x)
        base = np.full(x.shape[0], (1 - share) * self.line.base)
        if self.trees is not None and share:
            parts += share * self.trees.contributions(x)
            base += share * self.trees.base
        for floor, shortfall in self._floors(x):
            of_floor = floor.contributions(x)
            of_floor[:, _SHORT] += shortfall
            is_held = floor.base + of_floor.sum(axis=1) > base + parts.sum(axis=1)
            base[is_held], parts[is_held] = floor.base, of_floor[is_held]
        return base, parts

    def without(self, x: Floats) -> Floats:
        """What the score of each row would gain if one feature were as usual in training, the others as they are.

        (R, F): below 0 where that would lower it.
        """
        places = np.array([FEATURES.index(name) for name in self.line.names])
        other = np.repeat(x[:, None, :], places.size, axis=1)
        other[:, np.arange(places.size), places] = self.line.mean
        found = np.zeros(x.shape)
        found[:, places] = self.score(other.reshape(-1, x.shape[1])).reshape(x.shape[0], -1) - self.score(x)[:, None]
        return found

    def held(self, own: Floats, x: Floats) -> Floats:
        """Log odds that do not fall below the floors (R,)."""
        floors = [floor.score(x) + shortfall for floor, shortfall in self._floors(x)]
        return np.asarray(np.max([own, *floors], axis=0))

    def _floors(self, x: Floats) -> list[tuple[Triage, Floats]]:
        """Models that the score never falls below, each with what is taken off its score (R,)."""
        counts = None if self.counts is None else replace(self.counts, base=self.counts.base - LEARNED)
        floors = [] if counts is None else [(counts, np.zeros(x.shape[0]))]
        return floors if self.sudden is None else [*floors, (self.sudden, np.minimum(surprise(x) - SUDDEN, 0.0))]

    @cached_property
    def version(self) -> str:
        """Hash of what the lines say: the same coefficients, the same version."""
        return hashlib.sha256(json.dumps(told(self), sort_keys=True).encode()).hexdigest()[:12]


def surprise(x: Floats) -> Floats:
    """Log likelihood ratio of the reports of the last 6 months (R,)."""
    return np.asarray(x[:, _SHORT] ** 2)


def told(one: Combined) -> dict[str, Any]:
    """Lines, gate and distribution as JSON can hold them; trees are left out."""
    lines = {name: line for name in ("line", "counts", "sudden") if (line := getattr(one, name)) is not None}
    found: dict[str, Any] = {
        name: {
            "base": line.base,
            "features": {
                feature: [float(m), float(s), float(c)]
                for feature, m, s, c in zip(line.names, line.mean, line.scale, line.coefficients, strict=True)
            },
        }
        for name, line in lines.items()
    }
    if one.seen is not None:
        found["seen"] = {
            feature: [one.seen.bounds[i].tolist(), one.seen.shares[i].tolist()] for i, feature in enumerate(FEATURES)
        }
    return found


def shipped(path: Path = SHIPPED) -> Combined:
    """The default: lines fitted to simulated countries, without trees; where nothing better was registered.

    Raises ValueError where the file is of other features than these.
    """
    given = json.loads(path.read_text(encoding="utf-8"))
    if tuple(given["seen"]) != FEATURES:
        raise ValueError(f"{path.name} is of other features: fit it again (`python -m pipelines.evaluate.default`)")
    line, counts, sudden = (_line(given[name]) for name in ("line", "counts", "sudden"))
    bounds, known = (np.array([given["seen"][name][i] for name in FEATURES]) for i in (0, 1))
    return Combined(line, counts, sudden, seen=Seen(bounds, known))


def without_trees(one: Combined) -> Combined:
    """The same by its lines alone."""
    return replace(one, trees=None, share=0.0, gate=Gate(one.gate.fewest))


def _line(given: Mapping[str, Any]) -> Triage:
    mean, scale, coefficients = (np.array([row[i] for row in given["features"].values()]) for i in (0, 1, 2))
    return Triage(tuple(given["features"]), mean, scale, coefficients, float(given["base"]))
