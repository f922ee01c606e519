"""How alike two reports are, field by field, as small whole levels: 0 is different, higher is closer, -1 is unknown.

Belongs here: what counts as close. Does not: what closeness is worth (see `fellegi_sunter`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from models.linkage.fields import FIELDS, Field

Levels = NDArray[np.int8]
Floats = NDArray[np.float64]
UNKNOWN = -1
RARE_BITS = 12.0
"""Shared terms worth more than this are seldom shared by chance: two terms of one report in 64 each."""
RAREST_BITS = 30.0
"""Shared terms worth more than this are hardly ever shared by chance: four terms of one report in 200 each."""
FIXED_POINT = 2**20
"""Bits are summed as whole numbers, so that no order of rows changes the last one."""


@dataclass(frozen=True)
class Comparison:
    """Levels of each pair per field, and how common the agreed value is (NaN where the field or pair has none)."""

    levels: dict[str, Levels]
    value_share: dict[str, Floats]

    @property
    def n_pairs(self) -> int:
        """Pairs compared."""
        return len(next(iter(self.levels.values())))


def fields_of(reports: pl.DataFrame) -> list[str]:
    """Fields that the reports have.

    Raises:
        ValueError: a required column is absent.
    """
    required = ["report_key", *(name for name, field in FIELDS.items() if field.is_required)]
    absent = [name for name in required if name not in reports.columns]
    if absent:
        raise ValueError(f"reports lack the columns {absent}")
    return [name for name in FIELDS if name in reports.columns]


def compare(reports: pl.DataFrame, pairs: pl.DataFrame) -> Comparison:
    """Compare the reports at row numbers `left` and `right` of each pair in every field they have.

    How common a value or term is, is counted among the reports of the same species: a needlestick is rare in a
    veterinary database, and what nearly every report of its human victims tells.
    """
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    group = reports["species"] if "species" in reports.columns else pl.repeat("", reports.height, eager=True)
    levels: dict[str, Levels] = {}
    shares: dict[str, Floats] = {}
    for name in fields_of(reports):
        field, column = FIELDS[name], reports[name]
        within = pl.repeat("", reports.height, eager=True) if name == "species" else group
        if field.kind == "terms":
            levels[name] = _compare_lists(column, within, pairs)
            column = _as_text(column)
        else:
            levels[name] = _by_gap(_gap(field, column, left, right), field.limits or (0.0,))
        if field.by_value:
            agreed = np.isin(levels[name], field.equal)
            shares[name] = np.where(agreed, _share_of_value(column, within)[left], np.nan)
    return Comparison(levels, shares)


def _gap(field: Field, column: pl.Series, left: NDArray[np.int64], right: NDArray[np.int64]) -> Floats:
    """How far the two values of each pair lie apart; NaN where one is unknown."""
    if field.kind == "date":
        values = column.cast(pl.Date).cast(pl.Int32).cast(pl.Float64).to_numpy()
    elif field.kind == "value":
        values = column.cast(pl.String).rank("dense").cast(pl.Float64).to_numpy()
    else:
        values = column.cast(pl.Float64).to_numpy()
    gap = np.abs(values[left] - values[right])
    if field.kind == "ratio":
        gap = gap / np.maximum(np.maximum(values[left], values[right]), 1e-12)
    return np.asarray(gap, np.float64)


def _by_gap(gap: Floats, limits: tuple[float, ...]) -> Levels:
    """Count the limits that the gap keeps within; limits descend. A NaN gap is unknown."""
    within = sum((gap <= limit).astype(np.int8) for limit in limits)
    return np.where(np.isnan(gap), UNKNOWN, within).astype(np.int8)


def _share_of_value(column: pl.Series, group: pl.Series) -> Floats:
    """For each report the share of the reports of its group that have its value, of those that have any."""
    frame = pl.DataFrame({"value": column, "group": group})
    known = pl.col("value").is_not_null().sum().over("group").clip(1)
    return frame.select(pl.len().over("group", "value") / known).to_series().to_numpy()


def _as_text(lists: pl.Series) -> pl.Series:
    """Each list as one text, whatever its order; null where it is empty."""
    return pl.select(pl.when(lists.list.len() > 0).then(lists.list.unique().list.sort().list.join("|"))).to_series()


def _compare_lists(column: pl.Series, group: pl.Series, pairs: pl.DataFrame) -> Levels:
    """Overlap weighted by information: a term in a share f of its group's reports that have any is worth -log2 f
    bits."""
    rows = pl.int_range(len(column), eager=True, dtype=pl.Int64)
    reports = pl.DataFrame({"row": rows, "term": column, "group": group})
    n_known = (pl.col("term").list.len() > 0).sum().over("group") + 1
    share = pl.len().over("group", "term") / pl.col("n_known")
    terms = (
        reports.with_columns(n_known=n_known)
        .explode("term")
        .drop_nulls("term")
        .unique()
        .with_columns(bits=(-share.log(2) * FIXED_POINT).round().cast(pl.Int64))
    )
    bits_of_row = np.zeros(len(column))
    totals = terms.group_by("row").agg(pl.col("bits").sum())
    bits_of_row[totals["row"].to_numpy()] = totals["bits"].to_numpy() / FIXED_POINT
    numbered = pairs.select("left", "right").with_row_index("pair")
    shared = (
        numbered.join(terms, left_on="left", right_on="row", how="inner")
        .join(terms.select("row", "term"), left_on=["right", "term"], right_on=["row", "term"], how="inner")
        .group_by("pair")
        .agg(pl.col("bits").sum())
    )
    common = np.zeros(pairs.height)
    common[shared["pair"].to_numpy()] = shared["bits"].to_numpy() / FIXED_POINT
    left, right = bits_of_row[pairs["left"].to_numpy()], bits_of_row[pairs["right"].to_numpy()]
    overlap = common / np.maximum(left + right - common, 1e-12)
    steps = [
        (left == 0) | (right == 0),
        (overlap >= 0.5) & (common >= RAREST_BITS),
        (overlap == 1) & (common >= RARE_BITS),
        (overlap >= 0.5) & (common >= RARE_BITS),
        overlap == 1,
        overlap >= 0.5,
        common > 0,
    ]
    return np.select(steps, [UNKNOWN, 6, 5, 4, 3, 2, 1], 0).astype(np.int8)
