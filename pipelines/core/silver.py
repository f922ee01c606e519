"""The union of what all sources give to one entity."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.catalog import sources, tables
from pipelines.core.conform import conformed
from pipelines.core.losses import Loss, beyond, may_exceed, told, unread, within_limits
from pipelines.core.readings import Reading, noting
from pipelines.core.step import Feed, FrameStep, Measure, StepError, reads_of
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.lake import Lake


def union_of_sources(
    table: type[Table],
    settled: Callable[[DataFrame], DataFrame] | None = None,
    finished: Callable[[DataFrame], DataFrame] | None = None,
    measure: Measure | None = None,
) -> FrameStep:
    """Return the step that unites what every source's feed gives to a table.

    Which sources those are is found by looking; what they read is what the step declares to read. Here, once for all
    sources, `settled` applies the rules of the united rows, what is beyond the limits that the table declares becomes
    null, and `finished` makes the table's rows of them. The step's `losses` counts the values that were there and
    became null.
    """
    feeds = {source.name: _frame_feed(one) for source in sources().values() if (one := source.feed(table))}
    noted: dict[str, list[Reading]] = {}  # what each source reads, known once its feed was built

    def told_by_sources(lake: Tables) -> DataFrame:
        frames = []
        for name, one in feeds.items():
            with noting() as readings:
                frames.append(conformed(one(lake), table))
            noted[name] = readings
        rows = reduce(lambda left, right: left.unionByName(right), frames)
        return settled(rows) if settled else rows

    def united(lake: Tables) -> DataFrame:
        rows = within_limits(told_by_sources(lake), table)
        return finished(rows) if finished else rows

    def losses(lake: Lake) -> list[Loss]:
        rows = told_by_sources(lake) if may_exceed(table) or not noted else None
        frames = [unread(lake, _bronze(feeds[name]), readings) for name, readings in noted.items()]
        return told([*frames, None if rows is None else beyond(rows, table)])

    rules = tuple(rule.__module__ for rule in (settled, finished) if rule)
    return FrameStep(
        table=table,
        reads=reads_of(feeds.values()),
        modules=(__name__, table.__module__, *rules, *(one.module for one in feeds.values())),
        measure=measure,
        losses=losses,
        feeds=feeds,
        frame=united,
    )


def _frame_feed(one: object) -> Feed:
    if not isinstance(one, Feed):
        raise StepError(f"{one} writes its flows itself: a union of sources takes frames")
    return one


def _bronze(one: Feed) -> dict[str, type[Table]]:
    return {a: tables()[a] for a in one.reads if a.startswith("bronze.")}
