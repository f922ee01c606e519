"""The union of what all sources give to one entity."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.catalog import sources, tables
from pipelines.core.conform import Transform, conformed, reads, reads_of
from pipelines.core.losses import Loss, beyond, may_exceed, told, unread, within_limits
from pipelines.core.readings import Reading, noting
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables


def union_of_sources(table: type[Table], settled: Callable[[DataFrame], DataFrame] | None = None) -> Transform:
    """Return a transform that unites what every source's `conform.py` gives under the table's name.

    Which sources those are is found by looking; what they read is what the result declares to read. Here, once for all
    sources, `settled` applies the rules of the united rows, and what is beyond the limits that the table declares
    becomes null. The result's `losses` counts the values that were there and became null; `fed_by` names the
    sources.
    """
    feeding = {s.name: t for s in sources().values() if (t := s.transform(table.name)) is not None}
    given = list(feeding.values())
    noted: dict[Transform, list[Reading]] = {}  # what each step reads, known once it was built

    def told_by_sources(lake: Tables) -> DataFrame:
        frames = []
        for transform in given:
            with noting() as readings:
                frames.append(conformed(transform(lake), table))
            noted[transform] = readings
        rows = reduce(lambda left, right: left.unionByName(right), frames)
        return settled(rows) if settled else rows

    @reads(*sorted({address for transform in given for address in reads_of(transform)}))
    def united(lake: Tables) -> DataFrame:
        return within_limits(told_by_sources(lake), table)

    def losses(lake: Tables) -> list[Loss]:
        rows = told_by_sources(lake) if may_exceed(table) or not noted else None
        frames = [unread(lake, _bronze(transform), readings) for transform, readings in noted.items()]
        return told([*frames, None if rows is None else beyond(rows, table)])

    united.losses = losses  # type: ignore[attr-defined]
    united.fed_by = tuple(feeding)  # type: ignore[attr-defined]
    return united


def _bronze(transform: Transform) -> dict[str, type[Table]]:
    return {a: tables()[a] for a in reads_of(transform) if a.startswith("bronze.")}
