"""From cells to their totals: over all, by region, by sex and age, and the cells themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.frames.columns import with_columns
from pipelines.frames.sums import exact_sum

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CELL = ("region", "sex", "age_group")
GRAINS: tuple[tuple[str, ...], ...] = ((), ("region",), ("sex", "age_group"), CELL)
ALL = "all"


def totals(cells: DataFrame, key: Sequence[str], amounts: Sequence[str]) -> DataFrame:
    """Sum amounts of cells that do not overlap, at every grain; what a grain leaves out is `all`.

    A column that the cells do not part (all of it `all`) makes no grain of its own.
    """
    parts = []
    for grain in GRAINS:
        parted = cells.filter(" AND ".join(f"{c} <> '{ALL}'" for c in grain)) if grain else cells
        summed = parted.groupBy(*key, *grain).agg(*[exact_sum(c).alias(c) for c in amounts])
        parts.append(with_columns(summed, {c: F.lit(ALL) for c in CELL if c not in grain}))
    return reduce(lambda a, b: a.unionByName(b), parts)
