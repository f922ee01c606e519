"""Which pairs of reports are worth comparing: those that share a key, such as one substance and one event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

DEFAULT_KEYS: tuple[tuple[str, ...], ...] = (
    ("substances", "events"),
    ("substances", "onset_date"),
    ("events", "onset_date", "sex"),
    ("substances", "events", "sex", "age_years"),
)
"""The last key repeats the first more narrowly, for pairs whose block by the first is too large."""


@dataclass(frozen=True)
class Candidates:
    """Pairs of row numbers (left < right), and what was left out because its block was too large."""

    pairs: pl.DataFrame
    n_blocks_skipped: int
    n_pairs_skipped: int


def candidate_pairs(
    reports: pl.DataFrame, keys: Sequence[Sequence[str]] = DEFAULT_KEYS, max_block: int = 300
) -> Candidates:
    """Pairs of reports that agree on all columns of at least one key; list columns agree if they share an element.

    Null agrees with nothing. Blocks above `max_block` reports are skipped for that key and counted, since their pairs
    grow with the square; a pair counted as skipped may still come through another key.

    Raises:
        ValueError: `max_block` below 2.
        polars.exceptions.ColumnNotFoundError: a key names a column that is absent.
    """
    if max_block < 2:
        raise ValueError(f"max_block must be at least 2, got {max_block}")
    found, blocks_skipped, pairs_skipped = [], 0, 0
    for key in keys:
        members = block_members(reports, key)
        sizes = members.group_by("block").len()
        large = sizes.filter(pl.col("len") > max_block)["len"].cast(pl.Int64)
        blocks_skipped += large.len()
        pairs_skipped += int((large * (large - 1) // 2).sum())
        kept = members.join(
            sizes.filter(pl.col("len").is_between(2, max_block)).select("block"), on="block", how="inner"
        )
        both = kept.join(kept, on="block", how="inner", suffix="_right")
        ordered = both.filter(pl.col("row") < pl.col("row_right"))
        found.append(ordered.select(left="row", right="row_right").unique())
    pairs = pl.concat(found).unique().sort("left", "right")
    return Candidates(pairs, blocks_skipped, pairs_skipped)


def block_members(reports: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """One row per report and block: row (number of the report), block (number of the key's value). Nulls have no
    block."""
    rows = reports.select(pl.int_range(pl.len(), dtype=pl.Int64).alias("row"), *key)
    for column in key:
        if isinstance(rows.schema[column], pl.List):
            rows = rows.explode(column)
    return (
        rows.drop_nulls(list(key))
        .unique()
        .select("row", pl.struct(list(key)).rank("dense").cast(pl.Int64).alias("block"))
        .sort("row", "block")
    )


def random_pairs(n_reports: int, n_pairs: int, seed: int) -> pl.DataFrame:
    """All pairs of rows if they are no more than `n_pairs`, else that many drawn at random with replacement."""
    if n_reports * (n_reports - 1) // 2 <= n_pairs:
        left, right = np.triu_indices(n_reports, 1)
        return pl.DataFrame({"left": left, "right": right})
    rng = np.random.default_rng(seed)
    left, shift = rng.integers(0, n_reports, n_pairs), rng.integers(1, n_reports, n_pairs)
    return pl.DataFrame({"left": left, "right": (left + shift) % n_reports})


def random_pairs_sharing(reports: pl.DataFrame, column: str, n_pairs: int, seed: int) -> pl.DataFrame:
    """Random pairs of different rows that share an element of `column`, drawn with replacement; empty if none share."""
    members = block_members(reports, [column]).sort("block")
    rows, blocks = members["row"].to_numpy(), members["block"].to_numpy()
    _, first, size = np.unique(blocks, return_index=True, return_counts=True)
    n_possible = size * (size - 1.0)
    if n_possible.sum() == 0:
        return pl.DataFrame({"left": [], "right": []}, schema={"left": pl.Int64, "right": pl.Int64})
    rng = np.random.default_rng(seed)
    chosen = rng.choice(size.size, n_pairs, p=n_possible / n_possible.sum())
    at = rng.integers(0, size[chosen])
    other = (at + rng.integers(1, size[chosen])) % size[chosen]
    return pl.DataFrame({"left": rows[first[chosen] + at], "right": rows[first[chosen] + other]})
