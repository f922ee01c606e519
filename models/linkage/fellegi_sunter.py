"""What agreement is worth: match weights in bits, learned without labels.

The weight of a field is log2(m/u): m is the chance of its level in two reports of one case, u in two unrelated
reports. u is read from random pairs, m learned by EM from candidate pairs. Weights add up, so each pair can be
explained field by field.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.linkage.compare import LEVELS, UNKNOWN, Comparison

Floats = NDArray[np.float64]

PRIOR_M: dict[str, tuple[float, ...]] = {
    "onset_date": (0.10, 0.05, 0.10, 0.75),
    "sex": (0.03, 0.97),
    "age_years": (0.07, 0.08, 0.85),
    "country": (0.05, 0.95),
    "substances": (0.05, 0.15, 0.30, 0.15, 0.35),
    "events": (0.05, 0.20, 0.25, 0.20, 0.30),
    "received_date": (0.20, 0.30, 0.50),
    "reporter": (0.40, 0.60),
}
"""Where EM starts and what it is held to by `prior_pairs` imagined matches: assumptions of ours, stated here, not from
a source."""


@dataclass(frozen=True)
class LinkageModel:
    """m and u per field and level, and the chance that two reports drawn at random are of one case.

    `u_events_shared` is u of the events for pairs that share a substance: products have their typical events, so
    agreement on these says less there.
    """

    m: dict[str, Floats]
    u: dict[str, Floats]
    u_events_shared: Floats
    match_rate: float
    n_iterations: int = 0
    converged: bool = True


def level_shares(levels: NDArray[np.int8], name: str, pseudo_count: float = 0.5) -> Floats:
    """Share of each level among known ones, each level given `pseudo_count` more so that none is impossible."""
    counts = np.bincount(levels[levels != UNKNOWN], minlength=len(LEVELS[name])) + pseudo_count
    return counts / counts.sum()


def contributions(model: LinkageModel, comparison: Comparison) -> dict[str, Floats]:
    """Bits for (positive) or against (negative) a match from each field of each pair; 0 where the field is unknown.

    Source: Fellegi and Sunter 1969, J Am Stat Assoc 64:1183-1210; for reports, Norén, Orre, Bate, Edwards 2007, Data
    Min Knowl Discov 14:305-328 (vigiMatch), whose agreement weights depend on the value as these do.
    """
    log_u = _log2_u(model, comparison)
    return {
        name: np.where(levels == UNKNOWN, 0.0, np.log2(model.m[name])[levels] - log_u[name])
        for name, levels in comparison.levels.items()
    }


def probability(model: LinkageModel, weight: Floats) -> Floats:
    """Posterior probability of a match given the summed weight in bits."""
    prior_log_odds = np.log(model.match_rate) - np.log1p(-model.match_rate)
    return expit(weight * np.log(2) + prior_log_odds)


def learn(
    start: LinkageModel,
    comparison: Comparison,
    n_possible_pairs: int,
    prior_pairs: float = 50.0,
    max_iterations: int = 200,
    tolerance: float = 1e-6,
) -> LinkageModel:
    """Learn m and the match rate by EM from candidate pairs, u held fixed; pairs that are no candidates count as no
    matches.

    `prior_pairs` imagined matches distributed as the start's m keep levels that few pairs show from running away.
    Stops when no probability of `m` moves by more than `tolerance`.

    Source: Dempster, Laird, Rubin 1977; Winkler 1988 for record linkage.

    Raises:
        ValueError: fewer possible pairs than candidates.
    """
    n_pairs = len(next(iter(comparison.levels.values())))
    if n_possible_pairs < max(n_pairs, 1):
        raise ValueError(f"{n_pairs} candidate pairs out of {n_possible_pairs} possible")
    model = start
    for iteration in range(1, max_iterations + 1):
        matched = probability(model, sum_bits(contributions(model, comparison), n_pairs))
        m = {name: _shares(levels, matched, prior_pairs * start.m[name]) for name, levels in comparison.levels.items()}
        rate = float(np.clip(matched.sum() / n_possible_pairs, 0.5 / n_possible_pairs, 0.5))
        moved = max(float(np.max(np.abs(m[name] - model.m[name]))) for name in m)
        converged = moved < tolerance
        model = LinkageModel(m, start.u, start.u_events_shared, rate, iteration, converged)
        if converged:
            break
    return model


def sum_bits(bits: dict[str, Floats], n_pairs: int) -> Floats:
    """Total weight of each pair."""
    return np.sum([*bits.values(), np.zeros(n_pairs)], axis=0)


def _shares(levels: NDArray[np.int8], matched: Floats, prior_counts: Floats) -> Floats:
    known = levels != UNKNOWN
    counts = np.bincount(levels[known], weights=matched[known], minlength=prior_counts.size) + prior_counts
    return counts / counts.sum()


def _log2_u(model: LinkageModel, comparison: Comparison) -> dict[str, Floats]:
    """log2 u of each pair's level: by value where the field agrees on one, by shared substance for events."""
    result = {name: np.log2(model.u[name])[levels] for name, levels in comparison.levels.items()}
    if "events" in result and "substances" in comparison.levels:
        sharing = comparison.levels["substances"] > 0
        result["events"] = np.where(
            sharing, np.log2(model.u_events_shared)[comparison.levels["events"]], result["events"]
        )
    for name, share in comparison.value_share.items():
        result[name] = np.where(np.isnan(share), result[name], np.log2(np.where(np.isnan(share), 1.0, share)))
    return result
