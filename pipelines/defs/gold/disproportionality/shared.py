"""How the prior and the scores reach the cube: bucketed cells of each population, as one shuffled frame of blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from models.cube.kernels import Sparse, add
from models.cube.levels import Groups
from models.cube.months import month_code
from pipelines.defs.gold.disproportionality.cells import CELLS_PER_BUCKET, counting_last, splitting
from pipelines.defs.gold.disproportionality.populations import Population
from pipelines.lake import file_tasks, shuffle

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake

CUBE = "gold.pair_change"
REPORTS, STRATUM = "silver.coded_report", "silver.stratum"
CELLS_PER_TASK = 4_000_000
REPORTS_PER_TASK, REPORTS_PER_BUCKET = 1_500_000, 4_000_000
Batches = Iterator[pa.RecordBatch]


def strata(lake: Lake) -> list[dict[str, Any]]:
    """Rows of `silver.stratum`: at most a few thousand."""
    columns = [c for c in lake.tables[STRATUM].columns if c != "first_known"]
    return sorted(lake.small(STRATUM, columns).to_pylist(), key=lambda row: row["stratum"])


def n_buckets(lake: Lake) -> int:
    """Parts into which the substances of a population are split, so that a task's cells fit in memory."""
    return 1 + lake.n_rows(CUBE) // CELLS_PER_BUCKET


def by_bucket(
    lake: Lake, populations: Sequence[Population], work: Callable[[Batches], Batches], schema: str
) -> DataFrame:
    """Run `work` on the blocks of each population and bucket; places that hold nothing are not called for."""
    n = n_buckets(lake)
    todo = file_tasks.bundled(file_tasks.cut(lake.files(CUBE), CELLS_PER_TASK), CELLS_PER_TASK)
    split = file_tasks.each(lake.spark, todo, splitting(populations, n), shuffle.BLOCK_SQL)
    return shuffle.shuffled(split, max(1, len(populations) * n), work, schema)


def last_month(lake: Lake) -> int | None:
    """Last month in which a report came or went, in a past lake that of its date; None where none ever did."""
    ends = (lake.maximum(REPORTS, column) for column in ("month_from", "month_to"))
    last = max((end for end in ends if end is not None), default=None)
    return month_code(lake.as_of) if lake.as_of and last is not None else last


def by_bucket_last(
    lake: Lake,
    populations: Sequence[Population],
    last: int,
    work: Callable[[Batches], Batches],
    schema: str,
    groups: Mapping[str, Groups] | None = None,
) -> DataFrame:
    """Do the same for the last month alone, counted from the coded reports; `groups` by level raise their codes."""
    n = 1 + lake.n_rows(REPORTS) // REPORTS_PER_BUCKET
    todo = file_tasks.bundled(file_tasks.cut(lake.files(REPORTS), REPORTS_PER_TASK), REPORTS_PER_TASK)
    counted = file_tasks.each(lake.spark, todo, counting_last(populations, n, last, groups), shuffle.BLOCK_SQL)
    return shuffle.shuffled(counted, max(1, len(populations) * n), work, schema)


def received(batches: Batches) -> tuple[int, str, Sparse] | None:
    """Sum the cells that came to a place; None where nothing came."""
    came = list(shuffle.opened(batches))
    return (*came[0][:2], add((keys, counts) for _, _, keys, counts in came)) if came else None
