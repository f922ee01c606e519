"""Steps: how each table is made, declared beside the function that makes it.

A step says which table it makes, what it reads, which settings it depends on, and how it writes: a frame that the lake
writes, a frame from models that need the platform, or files that it commits itself. A feed is what one source gives to
a table that several sources feed. What is declared is held: a step sees no other table than those it says it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.core.table import Table

if TYPE_CHECKING:
    import datetime as dt

    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables
    from pipelines.frames.losses import Loss
    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake
    from pipelines.lake.platform import Platform

Frame = Callable[[Any], "DataFrame"]  # of tables; some want the whole lake
FrameOfPlatform = Callable[[Any, "Platform"], "DataFrame"]
Writing = Callable[["Platform", Mapping[str, str]], "Written"]
Flows = Callable[["Lake", Mapping[str, str] | None], "tuple[list[dict[str, Any]], list[dt.date] | None]"]
Outside = Callable[["Platform"], str]
Measure = Callable[["Lake"], Mapping[str, float]]


class StepError(Exception):
    """A step, feed or table that nothing joins; the message says which, and what it would take."""


@dataclass(frozen=True)
class Feed:
    """What one source gives to a table: a frame of its rows."""

    table: type[Table]
    reads: tuple[str, ...]
    frame: Frame

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.frame.__name__

    @property
    def module(self) -> str:
        """Module that holds the function."""
        return self.frame.__module__

    def __call__(self, tables: Tables) -> DataFrame:
        """Rows that the source gives."""
        return self.frame(tables)


@dataclass(frozen=True)
class FlowFeed:
    """What one source gives to a table flow by flow: files that it writes, of the flows that came since."""

    table: type[Table]
    reads: tuple[str, ...]
    flows: Flows

    @property
    def name(self) -> str:
        """Name of the function."""
        return self.flows.__name__

    @property
    def module(self) -> str:
        """Module that holds the function."""
        return self.flows.__module__

    def __call__(self, lake: Lake, before: Mapping[str, str] | None) -> tuple[list[dict[str, Any]], list[Any] | None]:
        """Files written, and the dates of the flows they stand for; None for all."""
        return self.flows(lake, before)


AnyFeed = Feed | FlowFeed


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a table is made.

    `modules` hold the code that its rows come from. `settings` names the settings that its result depends on, `also`
    says by name what else does that is no table, as a text that changes when it does: a file, a registered model.
    `measure` gives figures for the asset's page once it is written, from the table, from what the step reads and from
    the tables `measured_on`; `losses` counts values that some sources gave and that became null; `feeds` are the
    sources' parts by source.
    """

    table: type[Table]
    reads: tuple[str, ...]
    modules: tuple[str, ...]
    settings: tuple[str, ...] = ()
    also: Mapping[str, Outside] = field(default_factory=dict)
    measure: Measure | None = None
    measured_on: tuple[str, ...] = ()
    losses: Callable[[Lake, Collection[str]], list[Loss]] | None = None
    feeds: Mapping[str, AnyFeed] | None = None

    @property
    def address(self) -> str:
        """Table that it makes."""
        return self.table.address()

    @property
    def sees(self) -> frozenset[str]:
        """Tables that it may look at: what it reads or measures, and its own."""
        return frozenset({*self.reads, *self.measured_on, self.address})


@dataclass(frozen=True, kw_only=True)
class FrameStep(Step):
    """A step that gives the table's rows; the lake writes what differs.

    `of_sources` gives the rows of a union of sources as they are from some of them. Where these do not depend on what
    others give, the step `is_by_source`.
    """

    frame: Frame
    of_sources: Callable[[Any, Collection[str]], DataFrame] | None = None
    is_by_source: bool = False

    def __call__(self, tables: Tables) -> DataFrame:
        """Rows of the table."""
        return self.frame(tables)


@dataclass(frozen=True, kw_only=True)
class PlatformStep(Step):
    """A step that gives the table's rows with what the platform holds: settings, session, tracking of models."""

    frame: FrameOfPlatform

    def __call__(self, tables: Tables, platform: Platform) -> DataFrame:
        """Rows of the table."""
        return self.frame(tables, platform)


@dataclass(frozen=True, kw_only=True)
class WritingStep(Step):
    """A step that writes the table's files itself and commits them through the lake, with what it was made from."""

    write: Writing

    def __call__(self, platform: Platform, inputs: Mapping[str, str]) -> Written:
        """Bring the table up to date."""
        return self.write(platform, inputs)


def feed(table: type[Table], *reads: str) -> Callable[[Frame], Feed]:
    """Declare what a source gives to a table, and what of its own it reads for that."""
    return lambda frame: Feed(table, reads, frame)


def flow_feed(table: type[Table], *reads: str) -> Callable[[Flows], FlowFeed]:
    """Declare what a source gives to a table flow by flow."""
    return lambda flows: FlowFeed(table, reads, flows)


def step(
    table: type[Table],
    *reads: str,
    settings: tuple[str, ...] = (),
    measure: Measure | None = None,
    measured_on: tuple[str, ...] = (),
) -> Callable[[Frame], FrameStep]:
    """Declare the function that gives a table's rows from other tables."""

    def declare(frame: Frame) -> FrameStep:
        return FrameStep(
            table=table,
            reads=reads,
            modules=(frame.__module__,),
            settings=settings,
            measure=measure,
            measured_on=measured_on,
            frame=frame,
        )

    return declare


def step_with_platform(
    table: type[Table], *reads: str, settings: tuple[str, ...] = ()
) -> Callable[[FrameOfPlatform], PlatformStep]:
    """Declare the function that gives a table's rows from other tables and the platform."""

    def declare(frame: FrameOfPlatform) -> PlatformStep:
        return PlatformStep(table=table, reads=reads, modules=(frame.__module__,), settings=settings, frame=frame)

    return declare


def writing_step(
    table: type[Table],
    *reads: str,
    settings: tuple[str, ...] = (),
    also: Mapping[str, Outside] | None = None,
    feeds: Mapping[str, AnyFeed] | None = None,
) -> Callable[[Writing], WritingStep]:
    """Declare the function that writes a table's files itself."""

    def declare(write: Writing) -> WritingStep:
        modules = (write.__module__, *(f.module for f in (feeds or {}).values()))
        return WritingStep(
            table=table, reads=reads, modules=modules, settings=settings, also=also or {}, feeds=feeds, write=write
        )

    return declare


def giving(feeds: Mapping[str, AnyFeed], holds: Callable[[str], bool]) -> set[str]:
    """Sources that may give rows: a bronze table that they read holds some, or they read none."""
    own = {name: [a for a in one.reads if a.startswith("bronze.")] for name, one in feeds.items()}
    return {name for name, addresses in own.items() if not addresses or any(map(holds, addresses))}


def reads_of(feeds: Iterable[AnyFeed]) -> tuple[str, ...]:
    """Tables that feeds read together, in alphabetical order."""
    return tuple(sorted({address for one in feeds for address in one.reads}))
