"""The union of what all sources give to one entity."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.catalog import sources, tables
from pipelines.core.conform import Transform, conformed, reads, reads_of
from pipelines.core.losses import Loss, beyond, told, unread, within_limits
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

    def told_by_sources(lake: Tables) -> tuple[DataFrame, list[tuple[Transform, list[Reading]]]]:
        frames, noted = [], []
        for transform in given:
            with noting() as readings:
                frames.append(conformed(transform(lake), table))
            noted.append((transform, readings))
        return reduce(lambda left, right: left.unionByName(right), frames), noted

    @reads(*sorted({address for transform in given for address in reads_of(transform)}))
    def united(lake: Tables) -> DataFrame:
        rows, _ = told_by_sources(lake)
        return within_limits(settled(rows) if settled else rows, table)

    def losses(lake: Tables) -> list[Loss]:
        rows, noted = told_by_sources(lake)
        frames = [unread(lake, _bronze(transform), readings) for transform, readings in noted]
        return told([*frames, beyond(settled(rows) if settled else rows, table)])

    united.losses = losses  # type: ignore[attr-defined]
    united.fed_by = tuple(feeding)  # type: ignore[attr-defined]
    return united


def _bronze(transform: Transform) -> dict[str, type[Table]]:
    return {a: tables()[a] for a in reads_of(transform) if a.startswith("bronze.")}
