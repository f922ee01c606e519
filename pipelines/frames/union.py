"""The union of what all sources give to one entity."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.catalog import sources, tables
from pipelines.core.step import Feed, FrameStep, Measure, StepError, reads_of
from pipelines.core.table import Table
from pipelines.frames.cache import cache, held, hold
from pipelines.frames.conform import conformed
from pipelines.frames.losses import Loss, beyond, may_exceed, told, unread, within_limits
from pipelines.frames.readings import Reading, noting
from pipelines.frames.spark import in_few_tasks, is_little
from pipelines.frames.stated import Stated

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.lake.lake import Lake


def union_of_sources(
    table: type[Table],
    settled: Callable[[DataFrame], DataFrame] | None = None,
    finished: Callable[[DataFrame], DataFrame] | None = None,
    measure: Measure | None = None,
    stated: Stated | None = None,
) -> FrameStep:
    """Return the step that unites what every source's feed gives to a table.

    Which sources those are is found by looking; what they read is what the step declares to read. Here, once for all
    sources, `settled` applies the rules of the united rows, row by row, what is beyond the limits that the table
    declares becomes null, what deliveries `stated` becomes versions, and `finished` makes the table's rows of them. The
    step's `losses` counts the values that were there and became null.
    """
    address = table.address()
    feeds = {source.name: _frame_feed(one) for source in sources().values() if (one := source.feed(table))}
    noted: dict[str, list[Reading]] = {}  # what each source reads, known once its feed was built

    def told_by(lake: Tables, names: Collection[str]) -> DataFrame:
        frames: list[DataFrame] = []
        for name in sorted(names):
            with noting() as readings:
                given = feeds[name](lake)
            frames.append(stated.observed(given, table, name) if stated else conformed(given, table))
            noted[name] = readings
        rows = in_few_tasks(reduce(lambda left, right: left.unionByName(right), frames))
        return settled(rows) if settled else rows

    def of_sources(lake: Tables, names: Collection[str]) -> DataFrame:
        rows = told_by(lake, names)
        if may_exceed(table) and is_little(rows.sparkSession):
            rows = hold(rows, (address, frozenset(names)))
        elif stated:
            rows = cache(rows)
        rows = within_limits(rows, table)
        rows = stated.versions(rows, table) if stated else rows
        return finished(rows) if finished else rows

    def losses(lake: Lake, names: Collection[str]) -> list[Loss]:
        rows = held((address, frozenset(names)))  # where the step has just made them
        if rows is None and names and (may_exceed(table) or not noted.keys() >= set(names)):
            rows = told_by(lake, names)
        frames = [unread(lake, _bronze(feeds[name]), noted[name]) for name in names]
        return told([*frames, None if rows is None else beyond(rows, table)])

    rules = tuple(rule.__module__ for rule in (settled, finished) if rule)
    return FrameStep(
        table=table,
        reads=reads_of(feeds.values()),
        modules=(__name__, table.__module__, *rules, *(one.module for one in feeds.values())),
        measure=measure,
        losses=losses,
        of_sources=of_sources,
        is_by_source="source" in table.columns and not finished,
        feeds=feeds,
        frame=lambda lake: of_sources(lake, feeds),
    )


def _frame_feed(one: object) -> Feed:
    if not isinstance(one, Feed):
        raise StepError(f"{one} writes its flows itself: a union of sources takes frames")
    return one


def _bronze(one: Feed) -> dict[str, type[Table]]:
    return {a: tables()[a] for a in one.reads if a.startswith("bronze.")}
