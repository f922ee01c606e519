"""From a simulated country to what the models take: truth by pair, training examples, what is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from models.evaluation.burden import MULTIPLES, Ranked
from models.evaluation.combined import Combined
from models.evaluation.features import FEATURES, features
from models.evaluation.known import walk
from models.evaluation.league import Judged, judge
from models.evaluation.methods import METHODS, Examples, Fitted, examples
from models.evaluation.reference import Reference
from pipelines.simulator.years.country import NEVER, Size
from pipelines.simulator.years.families import Families
from pipelines.simulator.years.history import MONTHS, Years, years

FIRST = 12  # month from which alerts are judged
EVERY = 5  # months between training rows of a world
Sizes = dict[str, Size] | None


@dataclass(frozen=True)
class Seen:
    """What is left of a judged world: its domains, its alerts (`ALERT`), its planted pairs, and how false pairs scored.

    false_scores: by domain, the highest scores that pairs which are not true ever had, (most, methods), largest first.
    """

    seed: int
    judged: list[Judged]
    alerts: pl.DataFrame
    truth: pl.DataFrame
    false_scores: dict[str, np.ndarray]


def reference(country: Years, domain: str, families: Sequence[str]) -> Reference:
    """Truth of one domain as arrays; families are coded by their place in `families`."""
    shape = country.domains[domain].listed_from.shape
    is_true, is_neither = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    onset, family = np.full(shape, NEVER), np.full(shape, -1)
    for row in country.truth.filter(domain=domain).iter_rows(named=True):
        at = row["substance"], row["event"]
        is_true[at], onset[at] = row["is_true"], row["onset"]
        is_neither[at] = row["kind"] == "harm" and not row["is_true"]
        family[at] = families.index(row["family"])
    return Reference(is_true, is_neither, onset, country.domains[domain].public_from, family)


def _reported(country: Years) -> dict[str, Any]:
    """The domains as `models.evaluation.known.Reported`, whose fields they have."""
    return dict(country.domains)


def training_examples(seed: int, families: Families, sizes: Sizes = None) -> Examples:
    """Examples of one world, from the families that train."""
    kept = {name: family for name, family in families.items() if family.in_training}
    country = years(seed, kept, sizes=sizes)
    truths = {name: reference(country, name, list(kept)) for name in country.domains}
    random = np.random.default_rng([seed, 21])
    months = range(FIRST - 1 + seed % EVERY, MONTHS, EVERY)
    found = [
        examples(sums, features(sums), truths[name].labels(sums), truths[name].left(sums), random)
        for name, sums in walk(_reported(country), months)
    ]
    return Examples.joined(found)


def judged_world(
    seed: int, families: Families, fitted: Fitted, null: bool, first_cluster: int, sizes: Sizes = None
) -> Seen:
    """Walk through one world with every method; clusters of the bootstrap are numbered from `first_cluster` on."""
    country = years(seed, families, null=null, sizes=sizes)
    truths = {name: reference(country, name, list(families)) for name in country.domains}
    scorer = fitted.again()
    parts: dict[str, list[tuple[np.ndarray, ...]]] = {name: [] for name in country.domains}
    for name, sums in walk(_reported(country), range(FIRST, MONTHS)):
        x, truth = features(sums), truths[name]
        parts[name].append(
            (
                np.full(sums.n.size, sums.month),
                sums.substance,
                sums.event,
                truth.labels(sums),
                sums.n,
                sums.expected,
                sums.n_event,
                scorer.single(name, sums),
                x,
            )
        )
    molecules = sorted({int(m) for domain in country.domains.values() for m in domain.molecule})
    judged, alerted, false_scores = [], [], {}
    for name, rows in parts.items():
        domain = country.domains[name]
        month, s, e, label, n, expected, n_event, single, x = (
            np.concatenate(column) for column in zip(*rows, strict=True)
        )
        scores = scorer.scores(single, n, expected, x)
        ranked = Ranked(month, s * domain.event_reports.shape[0] + e, label, n.astype(np.int64), scores)
        cluster = np.searchsorted(molecules, domain.molecule)[s] + first_cluster
        public, family = truths[name].public_from.ravel(), truths[name].family[s, e]
        one = judge(name, ranked, public, cluster, month - domain.launched[s], family, n_event)
        judged.append(one)
        alerted.append(_alert_rows(seed, one, ranked, s, e, x, fitted))
        false_scores[name] = highest(ranked)
    planted = country.truth.select("domain", "substance", "event", "family", "kind")
    told = pl.concat(alerted).join(planted, on=["domain", "substance", "event"], how="left", maintain_order="left")
    return Seen(seed, judged, told, country.truth, false_scores)


def highest(ranked: Ranked, most: int = 400) -> np.ndarray:
    """Highest score that each pair with label 0 ever had, by method (most, M), the largest first; -inf fills up."""
    false = np.flatnonzero(ranked.label == 0)
    order = false[np.argsort(ranked.pair[false], kind="stable")]
    found = np.full((most, ranked.scores.shape[1]), -np.inf)
    if order.size:
        first = np.flatnonzero(np.concatenate([[True], np.diff(ranked.pair[order]) != 0]))
        best = -np.sort(-np.maximum.reduceat(ranked.scores[order], first, axis=0), axis=0)[:most]
        found[: best.shape[0]] = best
    return found


def _alert_rows(
    seed: int, one: Judged, ranked: Ranked, s: np.ndarray, e: np.ndarray, x: np.ndarray, fitted: Fitted
) -> pl.DataFrame:
    """Alerts of a domain, one row each; `why`, `against`: what raised the combined score most, and what lowered it."""
    frames = []
    for (m, b), alerted in one.alerted.items():
        rows = alerted.rows
        is_told = METHODS[m] == "combined"
        none = [None] * rows.size
        why, against = (reasons(fitted.combined, x[rows], sign=sign) if is_told else none for sign in (1, -1))
        frames.append(
            pl.DataFrame(
                {
                    "seed": np.full(rows.size, seed, dtype=np.int64),
                    "month": ranked.month[rows],
                    "rank": alerted.rank,
                    "substance": s[rows],
                    "event": e[rows],
                    "reports": ranked.n[rows],
                    "score": ranked.scores[rows, m],
                    "is_true": ranked.label[rows] == 1,
                }
            ).select(
                "seed",
                pl.lit(one.domain).alias("domain"),
                pl.lit(METHODS[m]).alias("method"),
                pl.lit(MULTIPLES[b]).alias("burden"),
                pl.exclude("seed"),
                pl.Series("why", why, dtype=pl.String),
                pl.Series("against", against, dtype=pl.String),
            )
        )
    return pl.concat(frames)


def reasons(combined: Combined, x: np.ndarray, most: int = 3, sign: int = 1) -> list[str]:
    """Name the parts that raise each row's combined log odds most; with a sign of -1 those that lower it most."""
    _, parts = combined.contributions(x)
    best = np.argsort(-parts * sign, axis=1)[:, :most]
    return [
        "; ".join(f"{FEATURES[i]} {row[i]:+.2f}" for i in at if row[i] * sign > 0)
        for row, at in zip(parts, best, strict=True)
    ]
