"""How alike two reports are, field by field, as small whole levels: 0 is different, higher is closer, -1 is unknown.

Belongs here: what counts as close. Does not: what closeness is worth (see `fellegi_sunter`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Levels = NDArray[np.int8]
UNKNOWN = -1
RARE_BITS = 12.0
"""Shared terms worth more than this are seldom shared by chance: two terms of one report in 64 each."""

LEVELS: dict[str, tuple[str, ...]] = {
    "onset_date": ("further apart", "within 31 days", "within 7 days", "same day"),
    "sex": ("different", "same"),
    "age_years": ("further apart", "within 1 year", "within 0.1 year"),
    "country": ("different", "same"),
    "substances": ("none shared", "some shared", "most shared", "most shared, rare", "identical, rare"),
    "events": ("none shared", "some shared", "most shared", "most shared, rare", "identical, rare"),
    "received_date": ("further apart", "within a year", "within 31 days"),
    "reporter": ("different", "same"),
}
DATE_LIMITS_DAYS = {"onset_date": (31, 7, 0), "received_date": (365, 31)}
AGE_LIMITS_YEARS = (1.0, 0.1)
BY_VALUE = ("onset_date", "sex", "country", "reporter")
"""Fields in which agreement on a rare value says more than on a common one."""
OPTIONAL = ("reporter",)


@dataclass(frozen=True)
class Comparison:
    """Levels of each pair per field, and how common the agreed value is (NaN where the field or pair has none)."""

    levels: dict[str, Levels]
    value_share: dict[str, NDArray[np.float64]]


def fields_of(reports: pl.DataFrame) -> list[str]:
    """Fields that the reports have; only `OPTIONAL` ones may be absent.

    Raises:
        ValueError: a required column is absent.
    """
    absent = [f for f in ("report_key", *LEVELS) if f not in reports.columns and f not in OPTIONAL]
    if absent:
        raise ValueError(f"reports lack the columns {absent}")
    return [field for field in LEVELS if field in reports.columns]


def compare(reports: pl.DataFrame, pairs: pl.DataFrame) -> Comparison:
    """Compare the reports at row numbers `left` and `right` of each pair in every field they have."""
    left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
    levels: dict[str, Levels] = {}
    shares: dict[str, NDArray[np.float64]] = {}
    for field in fields_of(reports):
        column = reports[field]
        if field in ("substances", "events"):
            levels[field] = _compare_lists(column, pairs)
        elif field in DATE_LIMITS_DAYS:
            days = column.cast(pl.Date).cast(pl.Int32).cast(pl.Float64).to_numpy()
            levels[field] = _by_gap(np.abs(days[left] - days[right]), DATE_LIMITS_DAYS[field])
        elif field == "age_years":
            age = column.cast(pl.Float64).to_numpy()
            levels[field] = _by_gap(np.abs(age[left] - age[right]), AGE_LIMITS_YEARS)
        else:
            codes = column.cast(pl.String).rank("dense").cast(pl.Float64).to_numpy()
            gap = np.abs(codes[left] - codes[right])
            levels[field] = np.where(np.isnan(gap), UNKNOWN, gap == 0).astype(np.int8)
        if field in BY_VALUE:
            top = len(LEVELS[field]) - 1
            shares[field] = np.where(levels[field] == top, _share_of_value(column)[left], np.nan)
    return Comparison(levels, shares)


def _by_gap(gap: NDArray[np.float64], limits: tuple[float, ...]) -> Levels:
    """Count the limits that the gap keeps within; limits descend. A NaN gap is unknown."""
    within = sum((gap <= limit).astype(np.int8) for limit in limits)
    return np.where(np.isnan(gap), UNKNOWN, within).astype(np.int8)


def _share_of_value(column: pl.Series) -> NDArray[np.float64]:
    """For each report the share of the reports that have its value, of those that have any."""
    known = max(len(column) - column.null_count(), 1)
    frame = pl.DataFrame({"value": column})
    return frame.select(pl.len().over("value") / known).to_series().to_numpy()


def _compare_lists(column: pl.Series, pairs: pl.DataFrame) -> Levels:
    """Overlap weighted by information: a term in a share f of the reports that have any is worth -log2 f bits."""
    n_known = max(int((column.list.len() > 0).sum()), 1)
    terms = (
        pl.DataFrame({"row": pl.int_range(len(column), eager=True, dtype=pl.Int64), "term": column})
        .explode("term")
        .drop_nulls("term")
        .unique()
        .with_columns(bits=-(pl.len().over("term") / (n_known + 1)).log(2))
    )
    bits_of_row = np.zeros(len(column))
    totals = terms.group_by("row").agg(pl.col("bits").sum())
    bits_of_row[totals["row"].to_numpy()] = totals["bits"].to_numpy()
    numbered = pairs.select("left", "right").with_row_index("pair")
    shared = (
        numbered.join(terms, left_on="left", right_on="row", how="inner")
        .join(terms.select("row", "term"), left_on=["right", "term"], right_on=["row", "term"], how="inner")
        .group_by("pair")
        .agg(pl.col("bits").sum())
    )
    common = np.zeros(pairs.height)
    common[shared["pair"].to_numpy()] = shared["bits"].to_numpy()
    left, right = bits_of_row[pairs["left"].to_numpy()], bits_of_row[pairs["right"].to_numpy()]
    overlap = common / np.maximum(left + right - common, 1e-12)
    steps = [
        (left == 0) | (right == 0),
        (overlap > 1 - 1e-9) & (common >= RARE_BITS),
        (overlap >= 0.5) & (common >= RARE_BITS),
        overlap >= 0.5,
        common > 0,
    ]
    return np.select(steps, [UNKNOWN, 4, 3, 2, 1], 0).astype(np.int8)
