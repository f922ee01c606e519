"""What agreement is worth: match weights in bits, without labels.

The weight of a field is log2(m/u): m is the chance of its level in two reports of one case, u in two unrelated
reports. Weights add up, so each pair can be explained field by field. u is read from random pairs. m is anchored: it
is what `fields` assumes, moved by pairs known to be of one case, and only little by what looks like a match. A model
that learns m freely from unlabelled pairs finds whatever class is most frequent among them, such as the many reports
of one product's typical event, and calls that a match.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from models.linkage.blocking import random_pairs, random_pairs_sharing
from models.linkage.compare import UNKNOWN, Comparison, Floats, compare
from models.linkage.fields import FIELDS

DUPLICATES_PER_REPORT = 0.05
"""Prior mean of the duplicates that a report has."""
PRIOR_REPORTS = 500.0
"""Reports that the prior on that share counts for."""
MOST_DUPLICATES_PER_REPORT = 0.2
PRIOR_PAIRS = 50.0
"""Imagined pairs of one case, distributed as `fields` says, beside the known ones."""


@dataclass(frozen=True)
class LinkageModel:
    """m and u per field and level, and the chance that two reports drawn at random are of one case.

    `u_sharing` is u among pairs that share a substance: products have their typical events, species and times, so
    agreement on these says less there.
    """

    m: dict[str, Floats]
    u: dict[str, Floats]
    u_sharing: dict[str, Floats]
    match_rate: float
    n_known: int = 0


def fit(reports: pl.DataFrame, candidates: Comparison, known: pl.DataFrame, n_random: int, seed: int) -> LinkageModel:
    """Learn the model of these reports: u from random pairs, m from the prior and `known` pairs (row numbers `left`,
    `right`), the share of matches from the candidates.

    Source: Fellegi and Sunter 1969, J Am Stat Assoc 64:1183-1210; the share by EM (Dempster, Laird, Rubin 1977).
    """
    n = reports.height
    drawn = compare(reports, random_pairs(n, n_random, seed))
    sharing = compare(reports, random_pairs_sharing(reports, "substances", n_random, seed))
    told = compare(reports, known)
    m = {name: _shares(levels, PRIOR_PAIRS * np.asarray(FIELDS[name].m)) for name, levels in told.levels.items()}
    u = {name: _shares(levels, _even(name)) for name, levels in drawn.levels.items()}
    u_sharing = {name: _shares(levels, _even(name)) for name, levels in sharing.levels.items()}
    start = LinkageModel(m, u, u_sharing, min(0.5, 2 * DUPLICATES_PER_REPORT / (n - 1)), known.height)
    return _with_match_rate(start, candidates, n)


def contributions(model: LinkageModel, comparison: Comparison) -> dict[str, Floats]:
    """Bits for (positive) or against (negative) a match from each field of each pair; 0 where the field is unknown.

    Source: Fellegi and Sunter 1969; for reports, Norén, Orre, Bate, Edwards 2007, Data Min Knowl Discov 14:305-328
    (vigiMatch), whose agreement weights depend on the value as these do.
    """
    is_sharing = comparison.levels["substances"] > 0
    result = {}
    for name, levels in comparison.levels.items():
        u, u_sharing = model.u[name], model.u[name] if name == "substances" else model.u_sharing[name]
        chance = np.where(is_sharing, u_sharing[levels], u[levels])
        m = model.m[name][levels]
        if name in comparison.value_share:
            share, equal = comparison.value_share[name], list(FIELDS[name].equal)
            lift = np.where(is_sharing, u_sharing[equal].sum() / u[equal].sum(), 1.0)
            by_value = ~np.isnan(share)
            chance = np.where(by_value, np.clip(share * lift, 1e-9, 1.0), chance)
            m = np.where(by_value, model.m[name][equal].sum(), m)
        result[name] = np.where(levels == UNKNOWN, 0.0, np.log2(m / chance))
    return result


def probability(model: LinkageModel, weight: Floats) -> Floats:
    """Posterior probability of a match given the summed weight in bits."""
    prior_log_odds = np.log(model.match_rate) - np.log1p(-model.match_rate)
    return expit(weight * np.log(2) + prior_log_odds)


def sum_bits(bits: dict[str, Floats], n_pairs: int) -> Floats:
    """Total weight of each pair."""
    return np.sum([*bits.values(), np.zeros(n_pairs)], axis=0)


def _with_match_rate(model: LinkageModel, candidates: Comparison, n: int, max_iterations: int = 100) -> LinkageModel:
    """The share of matches by EM over the candidates, the only thing free; pairs that are none count as no matches."""
    weight = sum_bits(contributions(model, candidates), candidates.n_pairs)
    n_possible = n * (n - 1) / 2
    prior = PRIOR_REPORTS * DUPLICATES_PER_REPORT
    for _ in range(max_iterations):
        per_report = (probability(model, weight).sum() + prior) / (n + PRIOR_REPORTS)
        rate = float(min(per_report, MOST_DUPLICATES_PER_REPORT) * n / n_possible)
        moved = abs(rate - model.match_rate)
        model = replace(model, match_rate=min(rate, 0.5))
        if moved < 1e-6 * rate:
            break
    return model


def _even(name: str) -> Floats:
    """Half a pair for each level, so that none is impossible."""
    return np.full(len(FIELDS[name].levels), 0.5)


def _shares(levels: NDArray[np.int8], prior_counts: Floats) -> Floats:
    """Share of each level among known ones, `prior_counts` added."""
    counts = np.bincount(levels[levels != UNKNOWN], minlength=prior_counts.size) + prior_counts
    return np.asarray(counts / counts.sum(), np.float64)
