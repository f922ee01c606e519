"""Tables that grow by flows: only the flows that new deliveries touch are made again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from pipelines.core.conform import Tables
    from pipelines.core.lake import Lake


@dataclass(frozen=True)
class Flow:
    """How the bronze tables of a source say to which flow a row belongs.

    column: the column that holds the date of the flow, as text. tables: addresses of the tables that come by flow.
    date: parses that column. texts: every way in which flows of these dates are written in it.
    """

    column: str
    tables: tuple[str, ...]
    date: Callable[[str], Column]
    texts: Callable[[Iterable[dt.date]], list[str]]


@dataclass(frozen=True)
class Touched:
    """The lake as a transform sees it, cut down to some flows."""

    lake: Tables
    flow: Flow
    dates: Sequence[dt.date]

    def __getitem__(self, address: str) -> DataFrame:
        """Return a table; of one that comes by flow, the rows of these flows."""
        rows = self.lake[address]
        return (
            rows.filter(F.col(self.flow.column).isin(self.flow.texts(self.dates)))
            if address in self.flow.tables
            else rows
        )


def touched(lake: Lake, flow: Flow, before: Mapping[str, str]) -> list[dt.date] | None:
    """Dates of the flows that deliveries since `before` (address: version) tell of; None where only all will do."""
    dates: set[dt.date] = set()
    for address in flow.tables:
        new = lake.new_partitions(address, before[address], "delivery_id")
        if new is None:
            return None
        if new:
            date = flow.date(flow.column)
            told = lake[address].filter(F.col("delivery_id").isin(new)).select(date.alias("date")).distinct()
            dates |= {row["date"] for row in told.collect() if row["date"] is not None}
    return sorted(dates)
