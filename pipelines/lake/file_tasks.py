"""Work on the files of a table in Arrow tasks: for counting at scale, where rows through the engine cost too much.

Spark gives out the pieces, repeats what fails and moves what tasks hand each other (`shuffle`); a task reads the
columns of its piece and writes files of its own (`file_output`); the lake commits them in one transaction. What an
interrupted task leaves behind is in no commit, so nobody sees it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
import pyarrow as pa

from pipelines.files.store import file_system

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")
EVERY_ROW = 1 << 62


@dataclass(frozen=True)
class Piece:
    """Some row groups of one file, with the partition values that the path stands for."""

    uri: str
    groups: tuple[int, ...]
    n_rows: int
    partition: tuple[tuple[str, str], ...] = ()


def cut(files: Iterable[tuple[str, dict[str, str]]], rows_per_piece: int = EVERY_ROW) -> list[Piece]:
    """Cut files into pieces of about so many rows, along their row groups; else each file is one piece."""
    import pyarrow.parquet as pq

    pieces = []
    for uri, partition in files:
        system, path = file_system(uri)
        with system.open_input_file(path) as opened:
            metadata = pq.ParquetFile(opened).metadata
        sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        taken: list[int] = []
        n = 0
        for group, size in enumerate(sizes):
            if taken and n + size > rows_per_piece:
                pieces.append(Piece(uri, tuple(taken), n, tuple(partition.items())))
                taken, n = [], 0
            taken.append(group)
            n += size
        if taken:
            pieces.append(Piece(uri, tuple(taken), n, tuple(partition.items())))
    return pieces


def bundled(items: Iterable[T], most: int, size: Callable[[T], int] = attrgetter("n_rows")) -> list[list[T]]:
    """Put small items together, in their order and up to so much a task, so that a task is worth its start."""
    tasks: list[list[T]] = []
    filled = most
    for item in items:
        if filled + size(item) > most:
            tasks.append([])
            filled = 0
        tasks[-1].append(item)
        filled += size(item)
    return tasks


def read(piece: Piece, columns: Sequence[str]) -> pa.Table:
    """Read columns of a piece, those that its path stands for as texts, null for those that came later; for tasks."""
    import pyarrow.parquet as pq

    system, path = file_system(piece.uri)
    told = dict(piece.partition)
    inside = [c for c in columns if c not in told]
    with system.open_input_file(path) as opened:
        rows = pq.ParquetFile(opened).read_row_groups(list(piece.groups), columns=inside, use_threads=False)
    for name in told.keys() & set(columns):
        rows = rows.append_column(name, pa.repeat(pa.scalar(told[name]), piece.n_rows))
    for name in set(inside) - set(rows.column_names):
        rows = rows.append_column(name, pa.nulls(piece.n_rows))
    return rows.select(list(columns))


def read_whole(piece: Piece, columns: Sequence[str]) -> pl.DataFrame:
    """Read columns of a piece that is a whole file, without a copy; for tasks."""
    system, path = file_system(piece.uri)
    told = dict(piece.partition)
    with system.open_input_file(path) as opened:
        rows = pl.read_parquet(io.BytesIO(opened.readall()), columns=[c for c in columns if c not in told])
    return rows.with_columns([pl.lit(told[c]).alias(c) for c in columns if c in told]).select(columns)


def only_value(uri: str, column: str) -> tuple[str, int] | None:
    """The one value that a file says to hold in a column, and its rows; None where it says no such thing."""
    import pyarrow.parquet as pq

    system, path = file_system(uri)
    with system.open_input_file(path) as opened:
        metadata = pq.ParquetFile(opened).metadata
    place = metadata.schema.names.index(column)
    told = [metadata.row_group(i).column(place).statistics for i in range(metadata.num_row_groups)]
    if not all(s is not None and s.has_min_max and s.has_null_count and s.null_count == 0 for s in told):
        return None
    values = {value for s in told for value in (s.min, s.max)}
    return (values.pop(), metadata.num_rows) if len(values) == 1 else None


def tally(piece: Piece, column: str) -> dict[str | None, int]:
    """Count the values of a column of a piece by its dictionaries; for tasks."""
    import pyarrow.parquet as pq

    system, path = file_system(piece.uri)
    counts: dict[str | None, int] = {}
    with system.open_input_file(path) as opened:
        file = pq.ParquetFile(opened, read_dictionary=[column])
        values = file.read_row_groups(list(piece.groups), columns=[column], use_threads=False)[column]
    for chunk in values.chunks:
        for found in chunk.value_counts().to_pylist():
            counts[found["values"]] = counts.get(found["values"], 0) + found["counts"]
    return counts


def batches(frame: pl.DataFrame) -> Iterator[pa.RecordBatch]:
    """Hand a polars frame to the engine, texts as it expects them."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    plain = [f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in table.schema]
    yield from table.cast(pa.schema(plain)).to_batches()


def each(spark: SparkSession, tasks: Sequence[T], work: Callable[[T], Iterator[Any]], schema: str) -> DataFrame:
    """Run `work` on every item, such as a bundle of pieces, one task each; it yields record batches of `schema`."""
    given = list(tasks)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for at in batch.column(0).to_pylist():
                yield from work(given[at])

    n = max(1, len(given))
    return spark.range(0, len(given), 1, numPartitions=n).mapInArrow(run, schema)
