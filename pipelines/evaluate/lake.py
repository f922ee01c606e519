"""Reports of a lake as arrays: what `models.evaluation.known` walks through, by domain, and what the codes mean.

Read without Java. Counts are those of `gold.pair_change`: versions as known, duplicates once, suspect products. Terms
count as the preferred term of their dictionary, names of products that no dictionary holds as brands. Reports known
before the window count from its first month on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from models.evaluation.known import EVIDENCE, REGIONS, SUBGROUPS, Ints
from pipelines.core.addresses import is_store
from pipelines.evaluate import lake_sql as sql
from pipelines.evaluate.lake_codes import brands, classes, concepts, groups
from pipelines.evaluate.run import EvaluationError, NothingToJudge
from pipelines.lake.query import QueryError, connect

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEVER = 10**6
FIRST_YEAR = 1900
STRAY = 0.01  # share of reports that make no window, where
GAP = 24  # months part them from the others: a slip in a date, or a date that was not given
LONGEST = 240  # months
MOST_CELLS = 20_000_000  # substances x events of a domain that are held at once: about 5 GB
MEMORY = "6GB"  # of the database; the arrays are beside
TOLD = tuple(name for name in EVIDENCE if name not in ("copy", "partner"))  # evidence that a version itself tells
CODES = ("s", "e")


@dataclass
class Counted:
    """One domain as `models.evaluation.known.Reported`; codes are places in `substances` and `events` of the lake."""

    molecule: Ints
    class_of: Ints
    concept: Ints
    group: Ints
    month: Ints
    substance: Ints
    event: Ints
    sums: Ints
    reports: Ints
    event_reports: Ints
    total: Ints
    subgroup_reports: Ints
    use: np.ndarray
    listed_from: Ints
    public_from: Ints


@dataclass
class Received:
    """Reports of one domain by the month of their first receipt, as they were then, on the codes of its `Counted`."""

    month: Ints
    substance: Ints
    event: Ints
    n: Ints
    reports: Ints
    event_reports: Ints
    total: Ints


@dataclass(frozen=True)
class Domain:
    """A domain of a lake: as known, as first received, and its substances and events (keys, names), by place."""

    name: str
    counted: Counted
    received: Received
    substances: pl.DataFrame  # code, key, name, class
    events: pl.DataFrame  # code, key, name, grouped, event


@dataclass(frozen=True)
class LakeReports:
    """Domains of a lake, the month that place 0 of time is (since January 1900), and what is to be told of reading."""

    domains: dict[str, Domain]
    first: int
    told: list[str] = field(default_factory=list)

    @property
    def months(self) -> int:
        """Length of the window."""
        return int(next(iter(self.domains.values())).counted.total.size)


def read(root: str, as_of: str | None = None) -> LakeReports:
    """Read all domains of a lake that have reports.

    Raises:
        EvaluationError: there is no lake, it lacks a table, or no report of it counts.
    """
    import duckdb

    if not is_store(root) and not Path(root).is_dir():
        raise EvaluationError(f"there is no lake at {root}")
    try:
        connection, optional = _connection(root, as_of)
    except QueryError as error:
        raise EvaluationError(f"the lake at {root} can't be evaluated: {error}") from None
    try:
        _prepare(connection, optional)
    except duckdb.BinderException as error:
        why = str(error).splitlines()[0].removeprefix("Binder Error: ")
        raise EvaluationError(
            f"the lake at {root} was built by another release: build it again with `gerland run` ({why})"
        ) from None
    totals = _frame(connection, sql.TOTALS.format(signed=sql.signed("coded", "domain")))
    arrived = _frame(connection, sql.FIRST_TOTALS)
    if arrived.is_empty():
        raise NothingToJudge(f"the lake at {root} holds no report that counts")
    first, last = window(arrived)
    parts = {
        "cells": _cells(connection),
        "reports": _frame(
            connection, sql.SUBSTANCES.format(signed=sql.signed("coded", "domain, subgroup, substances"))
        ),
        "terms": _frame(connection, sql.TERMS.format(signed=sql.signed("coded", "domain, terms"))),
        "totals": totals,
        "first_pairs": _frame(connection, sql.FIRST_PAIRS),
        "first_reports": _frame(connection, sql.FIRST_SUBSTANCES),
        "first_terms": _frame(connection, sql.FIRST_TERMS),
        "first_totals": arrived,
        "use": _use(connection, optional),
    }
    names = _frame(connection, sql.NAMED_SUBSTANCES), _frame(connection, sql.NAMED_TERMS)
    told: list[str] = []
    at = {
        name: part.filter(pl.col("month") <= last).with_columns((pl.col("month") - first).clip(0).alias("month"))
        for name, part in parts.items()
    }
    at |= {name: at[name].filter(pl.col("month") >= 0) for name in ("use",)}
    domains = {}
    for domain in sorted(arrived["domain"].unique()):
        mine = {name: part.filter(domain=domain) for name, part in at.items()}
        if mine["cells"].height:
            domains[domain] = _domain(domain, mine, names, last - first + 1, told)
    if not domains:
        raise NothingToJudge(f"the lake at {root} holds no report with a coded substance and a coded event")
    return LakeReports(domains, first, told)


def window(arrived: pl.DataFrame) -> tuple[int, int]:
    """First and last month that are looked at: a few reports more than `GAP` months from all others move neither."""
    by_month = arrived.group_by("month").agg(pl.col("n").sum()).sort("month")
    months, n = by_month["month"].to_numpy(), by_month["n"].to_numpy()
    few = STRAY * n.sum()
    for at in np.flatnonzero(np.diff(months) > GAP) + 1:
        before, after = n[:at].sum(), n[at:].sum()
        if before <= few:
            n = np.where(np.arange(n.size) < at, 0, n)
        elif after <= few:
            n = np.where(np.arange(n.size) >= at, 0, n)
    first, last = months[n > 0][[0, -1]]
    return int(max(first, last - LONGEST + 1)), int(last)


def _connection(root: str, as_of: str | None) -> tuple[DuckDBPyConnection, list[str]]:
    """A connection that sees the tables, and which of the optional ones are there."""
    found = []
    for table in (sql.NARRATIVES, sql.EXPOSURE):
        try:
            connect(root, table, as_of)
            found.append(table)
        except QueryError:
            continue  # a lake without stories or exposure is a whole one: these features are then 0 for all
    connection = connect(root, " ".join((*sql.NEEDED, *found)), as_of)
    connection.execute(f"SET memory_limit = '{MEMORY}'")
    return connection, found


def _prepare(connection: DuckDBPyConnection, optional: Sequence[str]) -> None:
    stories = sql.STORIES.format(narratives=sql.NARRATIVES) if sql.NARRATIVES in optional else sql.NO_STORIES
    told = sql.TOLD.format(early=sql.EARLY_DAYS)
    connection.register("brand", brands(_frame(connection, sql.CODES)).to_arrow())
    units = sql.UNITS.format(medicines=sql.MEDICINES)
    whole = (
        units,
        sql.VERSIONS,
        sql.CODED,
        told,
        sql.OUTCOMES,
        stories,
        sql.PAIRS,
        *sql.graded(),
        sql.FIRST,
        sql.KINDS,
    )
    for statement in whole:
        connection.execute(statement)


def _frame(connection: DuckDBPyConnection, statement: str) -> pl.DataFrame:
    found = pl.DataFrame(connection.sql(statement).to_arrow_table())
    wide = [c for c, t in found.schema.items() if t.is_numeric()]
    return found.with_columns(pl.col(wide).cast(pl.Int64))


def _cells(connection: DuckDBPyConnection) -> pl.DataFrame:
    """Changes by domain, month and pair, with the columns of `Reported.sums` as c0, c1, …"""
    told = _frame(connection, sql.cells(TOLD, SUBGROUPS, REGIONS))
    names = ["n", *TOLD, *(f"subgroup_{i}" for i in range(SUBGROUPS)), *(f"region_{i}" for i in range(REGIONS))]
    told = told.rename({f"c{i}": name for i, name in enumerate(names)})
    columns = "domain, s, e"
    copies = _frame(connection, sql.COPIES.format(never=sql.NEVER, signed=sql.signed("copied", columns)))
    partners = _frame(
        connection, sql.PARTNERS.format(most=sql.MOST_TAKEN, signed=sql.signed("together", f"{columns}, p"))
    )
    batches = _frame(connection, sql.BATCHES.format(signed=sql.signed("named", f"{columns}, batch")))
    more = [f.rename({"n": name}) for f, name in ((copies, "copy"), (partners, "partner"), (batches, "batch"))]
    keys = ["domain", "month", "s", "e"]
    whole = pl.concat([told, *more], how="diagonal").group_by(keys).agg(pl.exclude(keys).sum())
    order = ["n", *EVIDENCE, *names[1 + len(TOLD) :], "batch"]
    return whole.select(*keys, *order).sort(keys)


def _use(connection: DuckDBPyConnection, optional: Sequence[str]) -> pl.DataFrame:
    if sql.EXPOSURE not in optional:
        return pl.DataFrame(schema={"domain": pl.String, "s": pl.Int64, "month": pl.Int64, "n": pl.Int64})
    return _frame(connection, sql.USE.format(delay=sql.COMPLETE_AFTER))


def _domain(
    name: str,
    parts: dict[str, pl.DataFrame],
    names: tuple[pl.DataFrame, pl.DataFrame],
    months: int,
    told: list[str],
) -> Domain:
    s_codes, e_codes = _kept(name, parts["cells"], told)
    cells = _placed(parts["cells"], s_codes, e_codes)
    merged = (
        cells.group_by("month", "s", "e").agg(pl.exclude("month", "s", "e", "domain").sum()).sort("month", "s", "e")
    )
    listed = names[0].filter(domain=name).drop("domain"), names[1]
    substances, events = (
        pl.DataFrame({"code": codes}).join(named, on="code", how="left", maintain_order="left")
        for codes, named in zip((s_codes, e_codes), listed, strict=True)
    )
    shape = s_codes.size, e_codes.size
    by_group = np.zeros((shape[0], months, SUBGROUPS), dtype=np.int64)
    taken = _placed(parts["reports"], s_codes, None)
    np.add.at(by_group, tuple(taken[c].to_numpy() for c in ("s", "month", "subgroup")), taken["n"].to_numpy())
    counted = Counted(
        molecule=s_codes,
        class_of=classes(substances),
        concept=concepts(events),
        group=groups(events),
        month=merged["month"].to_numpy(),
        substance=merged["s"].to_numpy(),
        event=merged["e"].to_numpy(),
        sums=merged.drop("month", "s", "e").to_numpy().astype(np.int64),
        reports=by_group.sum(axis=2),
        event_reports=_by_month(_placed(parts["terms"], None, e_codes), "e", shape[1], months),
        total=_by_month(parts["totals"].with_columns(e=pl.lit(0)), "e", 1, months)[0],
        subgroup_reports=by_group,
        use=_by_month(_placed(parts["use"], s_codes, None), "s", shape[0], months).astype(float),
        listed_from=np.full(shape, NEVER, dtype=np.int32),
        public_from=np.full(shape, NEVER, dtype=np.int32),
    )
    pairs = _placed(parts["first_pairs"], s_codes, e_codes).sort("month", "s", "e")
    received = Received(
        month=pairs["month"].to_numpy(),
        substance=pairs["s"].to_numpy(),
        event=pairs["e"].to_numpy(),
        n=pairs["n"].to_numpy(),
        reports=_by_month(_placed(parts["first_reports"], s_codes, None), "s", shape[0], months),
        event_reports=_by_month(_placed(parts["first_terms"], None, e_codes), "e", shape[1], months),
        total=_by_month(parts["first_totals"].with_columns(e=pl.lit(0)), "e", 1, months)[0],
    )
    return Domain(name, counted, received, substances, events)


def _kept(name: str, cells: pl.DataFrame, told: list[str]) -> tuple[Ints, Ints]:
    """Codes of substances and events that are held: all, unless they are too many at once, which is told."""
    s, e = (np.sort(cells[c].unique().to_numpy()) for c in CODES)
    if s.size * e.size <= MOST_CELLS:
        return s, e
    n_s, n_e = s.size, e.size
    by_pair = cells.group_by("s", "e").agg(pl.col("n").sum()).filter(pl.col("n") >= 2)
    s, e = (np.sort(by_pair[c].unique().to_numpy()) for c in CODES)
    if s.size * e.size > MOST_CELLS:
        most = MOST_CELLS // max(e.size, 1)
        best = by_pair.group_by("s").agg(pl.col("n").sum()).sort("n", "s", descending=[True, False]).head(most)
        s = np.sort(best["s"].to_numpy())
    told.append(
        f"{name}: {n_s - s.size:,} of {n_s:,} substances and {n_e - e.size:,} of {n_e:,} events, the least reported "
        "ones, are looked at in no pair; their reports stay in all margins"
    )
    return s, e


def _placed(frame: pl.DataFrame, s: Ints | None, e: Ints | None) -> pl.DataFrame:
    """Rows whose codes are held, with places for codes."""
    for column, codes in (("s", s), ("e", e)):
        if codes is not None:
            at = pl.DataFrame({column: codes, "_at": np.arange(codes.size)})
            frame = frame.join(at, on=column, how="inner").drop(column).rename({"_at": column})
    return frame


def _by_month(frame: pl.DataFrame, column: str, size: int, months: int) -> Ints:
    found = np.zeros((size, months), dtype=np.int64)
    np.add.at(found, (frame[column].to_numpy(), frame["month"].to_numpy()), frame["n"].to_numpy())
    return found


def month_of(place: int, reports: LakeReports) -> str:
    """Month of a place in time, as `2024-07`."""
    year, month = divmod(reports.first + place, 12)
    return f"{FIRST_YEAR + year:04}-{month + 1:02}"


def month_end(place: int, reports: LakeReports) -> dt.date:
    """Last day of the month of a place in time."""
    year, month = divmod(reports.first + place + 1, 12)
    return dt.date(FIRST_YEAR + year, month + 1, 1) - dt.timedelta(days=1)


def place_of(year: int, month: int, reports: LakeReports) -> int:
    """Place in time of a month."""
    return (year - FIRST_YEAR) * 12 + month - 1 - reports.first


def described(reports: LakeReports) -> dict[str, Any]:
    """What was read, for the page."""
    last = month_of(reports.months - 1, reports)
    sizes = [
        f"{d.name}: {int(d.counted.total.sum()):,} reports, {d.substances.height:,} substances, "
        f"{d.events.height:,} events"
        for d in reports.domains.values()
    ]
    return {"Months": f"{month_of(0, reports)} to {last}", "Read": "; ".join(sizes)}
