"""Link reports that tell of one case: pairs with their weight, probability and reasons, then clusters. Nothing is
deleted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from models.linkage.blocking import DEFAULT_KEYS, candidate_pairs, random_pairs, random_pairs_sharing
from models.linkage.compare import compare, fields_of
from models.linkage.fellegi_sunter import (
    PRIOR_M,
    LinkageModel,
    contributions,
    learn,
    level_shares,
    probability,
    sum_bits,
)

STARTING_DUPLICATES_PER_REPORT = 0.05


def fit_linkage(
    reports: pl.DataFrame,
    keys: Sequence[Sequence[str]] = DEFAULT_KEYS,
    max_block: int = 300,
    n_random_pairs: int = 500_000,
    seed: int = 0,
) -> LinkageModel:
    """Learn the linkage model of these reports without labels: u from random pairs, m and match rate by EM on
    candidates.

    Args:
        reports: columns report_key, onset_date, received_date (dates), sex, country (text), age_years, substances,
        events (lists of text),
            optionally reporter; null where unknown.
        keys: see `candidate_pairs`.
        max_block: see `candidate_pairs`.
        n_random_pairs: pairs drawn for u.
        seed: of that draw.

    Raises:
        ValueError: a column is absent or there are fewer than two reports.
    """
    n = reports.height
    if n < 2:
        raise ValueError("linkage needs at least two reports")
    drawn = compare(reports, random_pairs(n, n_random_pairs, seed))
    sharing = compare(reports, random_pairs_sharing(reports, "substances", n_random_pairs, seed))
    start = LinkageModel(
        m={name: np.asarray(PRIOR_M[name]) for name in fields_of(reports)},
        u={name: level_shares(levels, name) for name, levels in drawn.levels.items()},
        u_events_shared=level_shares(sharing.levels["events"], "events"),
        match_rate=min(0.5, 2 * STARTING_DUPLICATES_PER_REPORT / (n - 1)),
    )
    candidates = compare(reports, candidate_pairs(reports, keys, max_block).pairs)
    return learn(start, candidates, n * (n - 1) // 2)


def link(
    reports: pl.DataFrame,
    model: LinkageModel | None = None,
    keys: Sequence[Sequence[str]] = DEFAULT_KEYS,
    max_block: int = 300,
    min_probability: float = 0.5,
    seed: int = 0,
) -> pl.DataFrame:
    """Pairs of reports that are probably of one case, surest first.

    Returns columns left_key, right_key, weight_bits (log2 of the Bayes factor), probability, and bits_<field> for each
    field: they add up to the weight and explain it. Without a model, one is learned from these reports (see
    `fit_linkage` for the columns needed).

    Source: Fellegi and Sunter 1969, J Am Stat Assoc 64:1183-1210; Norén et al. 2007, Data Min Knowl Discov 14:305-328
    (vigiMatch).

    Raises:
        ValueError: a column is absent, there are fewer than two reports, or report_key has nulls or repeats.
    """
    if reports["report_key"].null_count() or reports["report_key"].n_unique() != reports.height:
        raise ValueError("report_key must be given and differ in every row")
    if model is None:
        model = fit_linkage(reports, keys, max_block, seed=seed)
    pairs = candidate_pairs(reports, keys, max_block).pairs
    bits = contributions(model, compare(reports, pairs))
    weight = sum_bits(bits, pairs.height)
    report_key = reports["report_key"]
    linked = pl.DataFrame(
        {
            "left_key": report_key.gather(pairs["left"]),
            "right_key": report_key.gather(pairs["right"]),
            "weight_bits": weight,
            "probability": probability(model, weight),
            **{f"bits_{name}": values for name, values in bits.items()},
        }
    )
    surest_first = linked.filter(pl.col("probability") >= min_probability)
    return surest_first.sort("weight_bits", "left_key", "right_key", descending=[True, False, False])


def cluster_ids(report_keys: pl.Series, pairs: pl.DataFrame, min_probability: float = 0.5) -> pl.DataFrame:
    """Connected components of the linked pairs: report_key, cluster_id (the smallest report_key of its cluster),
    n_in_cluster.

    A report without a link is a cluster of its own. Chains join: A-B and B-C put A and C together even if A-C is
    unlikely, so choose `min_probability` accordingly.

    Raises:
        ValueError: a pair names a report that is not in `report_keys`.
    """
    numbered = pl.DataFrame({"report_key": report_keys}).sort("report_key").with_row_index("row")
    kept = pairs.filter(pl.col("probability") >= min_probability)
    ends = [
        kept.select(report_key=side).join(numbered, on="report_key", how="left", maintain_order="left")["row"]
        for side in ("left_key", "right_key")
    ]
    if any(end.null_count() for end in ends):
        raise ValueError("a pair names a report that is not among report_keys")
    n = numbered.height
    graph = coo_array((np.ones(kept.height), (ends[0].to_numpy(), ends[1].to_numpy())), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    return numbered.with_columns(component=component).select(
        "report_key",
        cluster_id=pl.col("report_key").min().over("component"),
        n_in_cluster=pl.len().over("component"),
    )
