"""The flattening given out to tasks: pieces of files are read, rows of one flow and key brought together, and joined.

Spark moves the rows as Arrow bytes; nothing of them passes through its own rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from pipelines.defs.silver.dispensing.tables import Dispensing
from pipelines.defs.sources.snds import flatten
from pipelines.defs.sources.snds.tables import KEY
from pipelines.lake import file_output, file_tasks, shuffle
from pipelines.lake.hashed import hashed

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.lake.lake import Lake

ROWS_PER_TASK, FLOW_ROWS_PER_TASK = 1_000_000, 20_000_000
ROWS_ALONE = 6_000_000  # rows of deliveries that one task may read and join: some 2 GB
FLOWS_SQL = "delivery_id string, table_name string, flow_date date, n bigint"
PRESTATIONS, FLOW = "snds_er_prs_f", "flx_dis_dtd"
Sink = Callable[[pl.DataFrame, pl.DataFrame], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Places:
    """Where the rows of each flow meet: `parts` places a flow, one after the other; those of no flow at the last."""

    first: Mapping[dt.date, int]
    parts: Mapping[dt.date, int]
    n: int

    def of(self, rows: pl.DataFrame, key: pl.Series) -> pl.Series:
        """Place of each row, by flow and an integer key; null for a flow that is not wanted."""
        first = pl.col("flow_date").replace_strict(self.first, default=None, return_dtype=pl.Int64)
        parts = pl.col("flow_date").replace_strict(self.parts, default=1, return_dtype=pl.Int64)
        part = (pl.lit(key).fill_null(0) % parts.cast(pl.UInt64)).cast(pl.Int64)
        place = pl.when(pl.col("flow_date").is_null()).then(self.n - 1).otherwise(first + part)
        return rows.select(place.cast(pl.Int32).alias("place"))["place"]


def flows(lake: Lake) -> pl.DataFrame:
    """Rows of each flow in each delivery and table: delivery_id, table_name, flow_date, n; the date null for none."""
    told, silent = [], []
    for name in flatten.COLUMNS:
        for uri, part in lake.files(f"bronze.{name}"):
            one = file_tasks.only_value(uri, FLOW)
            if one is None:
                silent += [(name, piece) for piece in file_tasks.cut([(uri, part)], FLOW_ROWS_PER_TASK)]
            else:
                told.append((part["delivery_id"], name, *one))
    schema = {"delivery_id": pl.String, "table_name": pl.String, FLOW: pl.String, "n": pl.Int64}
    rows = _dated(pl.DataFrame(told, schema=schema, orient="row"))
    if silent:
        tasks = file_tasks.bundled(silent, FLOW_ROWS_PER_TASK, _size)
        rows = pl.concat([rows, pl.DataFrame(file_tasks.each(lake.spark, tasks, _flows, FLOWS_SQL).toArrow())])
    return rows.group_by("delivery_id", "table_name", "flow_date").agg(pl.col("n").sum())


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select("delivery_id", "table_name", flow_date=flatten.dates(rows[FLOW]), n="n")


def places(found: pl.DataFrame, dates: Sequence[dt.date] | None) -> Places:
    """Give each flow as many places as its prestations need; all flows that are found, or those of some dates."""
    wanted = found.filter(pl.col("flow_date").is_not_null())
    if dates is not None:
        wanted = wanted.filter(pl.col("flow_date").is_in(list(dates)))
    size = wanted.group_by("flow_date").agg(pl.col("n").filter(table_name=PRESTATIONS).sum()).sort("flow_date")
    first, parts, at = {}, {}, 0
    for date, n in size.iter_rows():
        first[date], parts[date] = at, max(1, -(-n // ROWS_PER_TASK))
        at += parts[date]
    return Places(first, parts, at + 1)


def dispensed(lake: Lake, found: pl.DataFrame, dates: Sequence[dt.date] | None, root: str) -> DataFrame:
    """Write what these flows dispensed as files of `silver.dispensing`; returns what there is to commit.

    Deliveries that share no flow need not meet: each is read, joined and summed by one task where it is small. The rows
    of larger ones are brought together twice, by key to be joined and by person to be summed.
    """
    alone, shared = _sized(found, dates)
    frames = [_alone(lake, alone, dates, partial(_written, root=root), file_output.ADDED_SQL)]
    if shared:
        where = places(found.filter(pl.col("delivery_id").is_in(shared)), dates)
        sums = _shared(lake, shared, where, partial(_summed_blocks, where=where), shuffle.FRAMES_SQL)
        frames.append(shuffle.shuffled(sums, where.n, partial(_resummed, root=root), file_output.ADDED_SQL))
    return reduce(lambda a, b: a.unionByName(b), frames)


def faults(lake: Lake, found: pl.DataFrame) -> DataFrame:
    """Find what is to be said of the lines of all flows (`flatten.faults`)."""
    alone, shared = _sized(found, None)
    frames = [_alone(lake, alone, None, _told, flatten.FAULT_SQL)]
    if shared:
        where = places(found.filter(pl.col("delivery_id").is_in(shared)), None)
        frames.append(_shared(lake, shared, where, _told, flatten.FAULT_SQL))
    return reduce(lambda a, b: a.unionByName(b), frames)


def _sized(found: pl.DataFrame, dates: Sequence[dt.date] | None) -> tuple[list[tuple[list[str], int]], list[str]]:
    """Groups of deliveries that one task may join, with their rows, and the deliveries of larger groups."""
    holding = found if dates is None else found.filter(pl.col("flow_date").is_in(list(dates)))
    wanted = found.filter(pl.col("delivery_id").is_in(holding["delivery_id"].unique().to_list()))
    groups = [(g, int(wanted.filter(pl.col("delivery_id").is_in(g))["n"].sum())) for g in _apart(wanted)]
    return [g for g in groups if g[1] <= ROWS_ALONE], [d for g, n in groups if n > ROWS_ALONE for d in g]


def _alone(
    lake: Lake, groups: list[tuple[list[str], int]], dates: Sequence[dt.date] | None, sink: Sink, schema: str
) -> DataFrame:
    """Read and join small groups of deliveries, some a task."""
    files: dict[str, list[tuple[str, file_tasks.Piece]]] = {}
    for table_name, piece in _pieces(lake, [d for group, _ in groups for d in group], file_tasks.EVERY_ROW):
        files.setdefault(dict(piece.partition)["delivery_id"], []).append((table_name, piece))
    tasks = file_tasks.bundled(groups, ROWS_ALONE, lambda item: item[1])
    work = [[[x for d in group for x in files[d]] for group, _ in task] for task in tasks]
    return file_tasks.each(lake.spark, work, partial(_joined_alone, dates=dates, sink=sink), schema)


def _shared(lake: Lake, deliveries: list[str], where: Places, sink: Sink, schema: str) -> DataFrame:
    """Bring the rows of deliveries together by flow and key, and give what has met to `sink`."""
    todo = file_tasks.bundled(_pieces(lake, deliveries), ROWS_PER_TASK, _size)
    blocks = file_tasks.each(lake.spark, todo, partial(_scattered, where=where), shuffle.FRAMES_SQL)
    return shuffle.shuffled(blocks, where.n, partial(_joined_at_place, sink=sink), schema)


def _apart(found: pl.DataFrame) -> list[list[str]]:
    """Deliveries in groups that share no flow; rows of no flow belong to their delivery alone."""
    group_of: dict[str, int] = {}
    groups: dict[int, list[str]] = {}
    for (_,), rows in found.sort("flow_date", "delivery_id").group_by("flow_date", maintain_order=True):
        for number, delivery in enumerate(rows["delivery_id"].unique(maintain_order=True)):
            if number == 0 or rows["flow_date"][0] is None:
                first = group_of.setdefault(delivery, len(group_of))
                groups.setdefault(first, [delivery])
                continue
            other = group_of.get(delivery)
            if other is None:
                group_of[delivery] = first
                groups[first].append(delivery)
            elif other != first:
                for moved in groups.pop(other):
                    group_of[moved] = first
                    groups[first].append(moved)
    return list(groups.values())


def _joined_alone(
    task: list[list[tuple[str, file_tasks.Piece]]], *, dates: Sequence[dt.date] | None, sink: Sink
) -> Iterator[pa.RecordBatch]:
    """Read groups of deliveries that nothing else belongs to, and join each."""
    for group in task:
        met: dict[str, list[pl.DataFrame]] = {}
        for table_name, piece in group:
            rows = _normalised(table_name, file_tasks.read_whole(piece, _columns(table_name)))
            if dates is not None:
                rows = rows.filter(pl.col("flow_date").is_in(list(dates)))
            met.setdefault(table_name, []).append(rows)
        yield from sink(*_sides(met))


def _scattered(task: list[tuple[str, file_tasks.Piece]], *, where: Places) -> Iterator[pa.RecordBatch]:
    """Rows of pieces as the join needs them, in blocks for the places where they meet."""
    for table_name, piece in task:
        rows = _normalised(table_name, pl.DataFrame(file_tasks.read(piece, _columns(table_name))))
        yield from shuffle.frame_blocks(rows, where.of(rows, rows["key"]), table_name)


def _joined_at_place(batches: Iterator[pa.RecordBatch], *, sink: Sink) -> Iterator[pa.RecordBatch]:
    """Join what has met at each place."""
    for mine in shuffle.opened_frames(batches).values():
        yield from sink(*_sides(mine))


def _summed_blocks(care: pl.DataFrame, lines: pl.DataFrame, *, where: Places) -> Iterator[pa.RecordBatch]:
    """Sums of what has met by key, for the places where persons meet."""
    rows = flatten.summed(flatten.joined(care, lines))
    yield from shuffle.frame_blocks(rows, where.of(rows, hashed(rows["insured"])[0]), Dispensing.name)


def _resummed(batches: Iterator[pa.RecordBatch], *, root: str) -> Iterator[pa.RecordBatch]:
    """Sum the sums that have met, and write them."""
    for mine in shuffle.opened_frames(batches).values():
        yield from _files(flatten.resummed(pl.concat(mine[Dispensing.name])), root)


def _written(care: pl.DataFrame, lines: pl.DataFrame, *, root: str) -> Iterator[pa.RecordBatch]:
    """Sum what belongs together, and write it."""
    yield from _files(flatten.summed(flatten.joined(care, lines)), root)


def _files(rows: pl.DataFrame, root: str) -> Iterator[pa.RecordBatch]:
    """Write files of `silver.dispensing`, one a flow."""
    inside = pa.schema([f for f in Dispensing.arrow_schema() if f.name not in Dispensing.partitioned_by])
    for (date,), own in rows.group_by("flow_date"):
        table = own.select(inside.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(inside)
        yield file_output.write(root, {"source": "snds", "flow_date": str(date)}, table, Dispensing)


def _told(care: pl.DataFrame, lines: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    yield from file_tasks.batches(flatten.faults(care, lines))


def _normalised(table_name: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of a table as the join needs them."""
    return flatten.prestations(rows) if table_name == PRESTATIONS else flatten.lines(rows, table_name)


def _columns(table_name: str) -> list[str]:
    return [*KEY, *flatten.COLUMNS[table_name], "delivery_id", "line_number", "known_date"]


def _size(item: tuple[str, file_tasks.Piece]) -> int:
    return item[1].n_rows


def _pieces(
    lake: Lake, deliveries: Sequence[str] | None, rows_per_piece: int = ROWS_PER_TASK
) -> list[tuple[str, file_tasks.Piece]]:
    """Pieces of the bronze tables, of some deliveries or all, with the table's name."""
    wanted = None if deliveries is None else set(deliveries)
    found = []
    for name in flatten.COLUMNS:
        files = [f for f in lake.files(f"bronze.{name}") if wanted is None or f[1]["delivery_id"] in wanted]
        found += [(name, piece) for piece in file_tasks.cut(files, rows_per_piece)]
    return found


def _flows(task: list[tuple[str, file_tasks.Piece]]) -> Iterator[pa.RecordBatch]:
    for table_name, piece in task:
        counts = file_tasks.tally(piece, FLOW)
        rows = pl.DataFrame(list(counts.items()), schema={FLOW: pl.String, "n": pl.Int64}, orient="row")
        about = {"delivery_id": dict(piece.partition)["delivery_id"], "table_name": table_name}
        yield from file_tasks.batches(_dated(rows.with_columns(**{k: pl.lit(v) for k, v in about.items()})))


def _sides(met: Mapping[str, Sequence[pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Prestations and lines that have met, by table; empty frames of the right shape for what has not."""
    care = [frame for name, frames in met.items() for frame in frames if name == PRESTATIONS]
    lines = [frame for name, frames in met.items() for frame in frames if name != PRESTATIONS]
    return pl.concat([_no_rows(PRESTATIONS), *care]), pl.concat([_no_rows("snds_er_pha_f"), *lines])


def _no_rows(table_name: str) -> pl.DataFrame:
    kinds = {"line_number": pl.Int64, "known_date": pl.Date}
    empty = pl.DataFrame(schema={c: kinds.get(c, pl.String) for c in _columns(table_name)})
    return _normalised(table_name, empty)
