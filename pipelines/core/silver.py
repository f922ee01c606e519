"""The union of what all sources give to one entity."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.catalog import sources
from pipelines.core.conform import Transform, conformed, reads, reads_of
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables


def union_of_sources(table: type[Table]) -> Transform:
    """Return a transform that unites what every source's `conform.py` gives under the table's name.

    Which sources those are is found by looking; what they read is what the result declares to read.
    """
    given = [t for source in sources().values() if (t := source.transform(table.name)) is not None]

    @reads(*sorted({address for transform in given for address in reads_of(transform)}))
    def united(tables: Tables) -> DataFrame:
        frames = [conformed(transform(tables), table) for transform in given]
        return reduce(lambda left, right: left.unionByName(right), frames)

    return united
