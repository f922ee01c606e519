"""From signed changes to the state at each month end: pure numpy on one population."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.defs.signals.disproportionality.tables import ANY

Ints = NDArray[np.int64]
REFIT_GROWTH = 1.25


@dataclass
class State:
    """Counts as known at one month end. `a`, `change` per pair; margins per substance and event; `n_total` reports."""

    month: dt.date
    n_total: int
    a: Ints
    change: Ints
    n_substance: Ints
    n_event: Ints
    substance_of: Ints
    event_of: Ints


@dataclass(frozen=True)
class Population:
    """Changes of one population, coded: names of substances and events, and rows sorted by month."""

    substances: list[str]
    events: list[str]
    months: list[dt.date]
    _rows: dict[str, tuple[Ints, Ints, Ints]]
    pairs: tuple[Ints, Ints]
    _totals: tuple[Ints, Ints]

    @classmethod
    def of(cls, changes: pl.DataFrame) -> Population:
        """Code the rows of `gold.pair_count` of one population (any order)."""
        changes = changes.sort("month", "substance_key", "term_key")
        every = changes["month"].to_list()
        months = _month_ends(every[0], every[-1])
        at = pl.DataFrame({"month": months, "at": range(len(months))}, schema_overrides={"at": pl.Int64})
        changes = changes.join(at, on="month", how="left", maintain_order="left")
        any_substance, any_event = pl.col("substance_key") == ANY, pl.col("term_key") == ANY
        by_substance = changes.filter(~any_substance & any_event)
        by_event = changes.filter(any_substance & ~any_event)
        cells = changes.filter(~any_substance & ~any_event)
        substances = by_substance["substance_key"].unique().sort().to_list()
        events = by_event["term_key"].unique().sort().to_list()
        cells = _coded(_coded(cells, "substance_key", substances), "term_key", events)
        pairs = cells.select("substance_key", "term_key").unique().sort("substance_key", "term_key")
        pairs = pairs.with_row_index("pair")
        cells = cells.join(pairs, on=["substance_key", "term_key"], how="left", maintain_order="left")
        rows = {
            "pair": _columns(cells, "pair"),
            "substance": _columns(_coded(by_substance, "substance_key", substances), "substance_key"),
            "event": _columns(_coded(by_event, "term_key", events), "term_key"),
        }
        totals = changes.filter(any_substance & any_event)
        return cls(
            substances,
            events,
            months,
            rows,
            (pairs["substance_key"].to_numpy().astype(np.int64), pairs["term_key"].to_numpy().astype(np.int64)),
            (totals["at"].to_numpy().astype(np.int64), totals["n_change"].to_numpy().astype(np.int64)),
        )

    def states(self) -> Iterator[State]:
        """Yield the state at each month end, oldest first. Arrays are reused: copy what must outlive the step."""
        substance_of, event_of = self.pairs
        counts = {
            "pair": np.zeros(len(substance_of), np.int64),
            "substance": np.zeros(len(self.substances), np.int64),
            "event": np.zeros(len(self.events), np.int64),
        }
        n_total = 0
        for step, month in enumerate(self.months):
            change = np.zeros_like(counts["pair"])
            for name, (at, code, n) in self._rows.items():
                low, high = np.searchsorted(at, [step, step + 1])
                np.add.at(counts[name], code[low:high], n[low:high])
                if name == "pair":
                    np.add.at(change, code[low:high], n[low:high])
            at, n = self._totals
            n_total += int(n[at == step].sum())
            yield State(
                month, n_total, counts["pair"], change, counts["substance"], counts["event"], substance_of, event_of
            )


def refit_months(sizes: list[int], minimum: int) -> list[int]:
    """Steps at which the prior is fitted: at the first size that suffices, whenever it grew by a quarter, and last."""
    steps: list[int] = []
    fitted_at = 0.0
    for step, size in enumerate(sizes):
        if size >= minimum and size >= REFIT_GROWTH * fitted_at:
            steps.append(step)
            fitted_at = size
    if sizes and sizes[-1] >= minimum and (not steps or steps[-1] != len(sizes) - 1):
        steps.append(len(sizes) - 1)
    return steps


def _month_ends(first: dt.date, last: dt.date) -> list[dt.date]:
    months = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        months.append(dt.date(year, month, calendar.monthrange(year, month)[1]))
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return months


def _coded(frame: pl.DataFrame, column: str, names: list[str]) -> pl.DataFrame:
    codes = pl.DataFrame({column: names, "_code": range(len(names))}, schema={column: pl.String, "_code": pl.Int64})
    joined = frame.join(codes, on=column, how="left", maintain_order="left")
    return joined.with_columns(pl.col("_code").alias(column)).drop("_code")


def _columns(frame: pl.DataFrame, code: str) -> tuple[Ints, Ints, Ints]:
    at, codes, n = (frame[c].to_numpy().astype(np.int64) for c in ("at", code, "n_change"))
    return at, codes, n
