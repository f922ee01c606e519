"""Work on the files of a table in Arrow tasks: for counting at scale, where rows through the engine cost too much.

Spark gives out the pieces, repeats what fails and moves what tasks hand each other; a task reads the columns of its
piece and writes files of its own; the lake commits them in one transaction. What an interrupted task leaves behind is
in no commit, so nobody sees it.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import fs

from pipelines.core.rules import refuse
from pipelines.core.table import Table
from pipelines.files.store import file_system

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

T = TypeVar("T")
PARCEL_SQL = "place int, about string, keys binary, counts binary"
PARCEL = pa.schema([("place", pa.int32()), ("about", pa.string()), ("keys", pa.binary()), ("counts", pa.binary())])
ADDED_SQL = "path string, size bigint, n_rows bigint, partition string, stats string"
ADDED = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("n_rows", pa.int64()),
        ("partition", pa.string()),
        ("stats", pa.string()),
    ]
)
FRAMES_SQL = "place int, name string, rows binary"
FRAMES = pa.schema([("place", pa.int32()), ("name", pa.string()), ("rows", pa.binary())])
FRAME_ROWS = 100_000
EVERY_ROW = 1 << 62
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
PARCEL_KEYS = 1 << 19  # 4 MB of keys: many rows for the engine would cost more than their content, huge ones memory


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
    """Read columns of a piece, those that its path stands for as texts; for tasks."""
    import pyarrow.parquet as pq

    system, path = file_system(piece.uri)
    told = dict(piece.partition)
    inside = [c for c in columns if c not in told]
    with system.open_input_file(path) as opened:
        rows = pq.ParquetFile(opened).read_row_groups(list(piece.groups), columns=inside, use_threads=False)
    for name in told.keys() & set(columns):
        rows = rows.append_column(name, pa.repeat(pa.scalar(told[name]), piece.n_rows))
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


class Output:
    """One file below a table's root, written batch by batch; it exists once something is written. For tasks.

    Dictionary encoding is used only for columns that come as dictionaries, unless `is_text` says that all of them gain
    by it: it slows numbers down for nothing.
    """

    def __init__(self, root: str, partition: dict[str, str], is_text: bool = False, told: Sequence[str] = ()):
        """Name the file; nothing is written yet.

        The file and the log will say the least and greatest value of the columns `told`, of no other.
        """
        folder = "/".join(f"{name}={value.replace(':', '%3A')}" for name, value in partition.items())
        self.name = f"{folder + '/' if folder else ''}part-{uuid.uuid4().hex}.parquet"
        self.system, self.path = file_system(f"{root}/{self.name}")
        self.partition, self.is_text, self.told, self.n_rows = partition, is_text, list(told), 0
        self._writer: Any = None
        self._footers: list[Any] = []

    def write(self, rows: pa.Table) -> None:
        """Append rows."""
        import pyarrow.parquet as pq

        if self._writer is None:
            self.system.create_dir(self.path.rsplit("/", 1)[0], recursive=True)
            coded = self.is_text or [f.name for f in rows.schema if pa.types.is_dictionary(f.type)]
            self._stream = self.system.open_output_stream(self.path)
            self.told = [name for name in self.told if name in rows.schema.names]
            self._writer = pq.ParquetWriter(
                self._stream,
                rows.schema,
                use_dictionary=coded,
                write_statistics=self.told or False,
                store_schema=False,
                metadata_collector=self._footers,
            )
        self._writer.write_table(rows)
        self.n_rows += rows.num_rows

    def added(self) -> dict[str, Any] | None:
        """Close the file and return the row of `ADDED` that commits it; None where nothing was written."""
        if self._writer is None:
            return None
        self._writer.close()
        self._stream.close()
        size = self.system.get_file_info(self.path).size
        stats = json.dumps({"numRecords": self.n_rows, **_bounds(self._footers[0], self.told)}, default=str)
        about = json.dumps(self.partition)
        return {"path": self.name, "size": size, "n_rows": self.n_rows, "partition": about, "stats": stats}

    def ranges(self, column: str) -> list[tuple[Any, Any]]:
        """Least and greatest value of a column `told` in each batch of rows, once the file is closed."""
        footer = self._footers[0] if self._footers else None
        groups = [footer.row_group(i) for i in range(footer.num_row_groups)] if footer else []
        told = [
            g.column(i).statistics for g in groups for i in range(g.num_columns) if g.column(i).path_in_schema == column
        ]
        return [(s.min, s.max) for s in told if s.num_values]

    def column(self, name: str) -> pa.ChunkedArray:
        """Values of a column, read back once the file is closed."""
        import pyarrow.parquet as pq

        with self.system.open_input_file(self.path) as opened:
            return pq.ParquetFile(opened).read(columns=[name])[name]


def _bounds(footer: Any, columns: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Least and greatest value and nulls of columns as the log writes them, from what the file says of itself."""
    bounds: dict[str, dict[str, Any]] = {"minValues": {}, "maxValues": {}, "nullCount": {}}
    place = {footer.schema.column(i).path: i for i in range(len(footer.schema))}
    for name in place.keys() & set(columns):
        told = [footer.row_group(i).column(place[name]).statistics for i in range(footer.num_row_groups)]
        if not all(s is not None and s.has_null_count for s in told):
            continue
        bounds["nullCount"][name] = sum(s.null_count for s in told)
        known = [s for s in told if s.num_values]
        if known and all(s.has_min_max for s in known):
            bounds["minValues"][name] = min(s.min for s in known)
            bounds["maxValues"][name] = max(s.max for s in known)
    return bounds


def write(root: str, partition: dict[str, str], rows: pa.Table, table: type[Table]) -> pa.RecordBatch:
    """Write one file of a table below its root and return the row that `added` commits; for tasks.

    Raises `RulesBroken` where a row breaks a rule of the table, its key among the rows of the file.
    """
    refuse(with_partition(rows, partition, table), table)
    output = Output(root, partition, told=table.in_log())
    output.write(rows)
    return pa.RecordBatch.from_pylist([output.added()], schema=ADDED)


def with_partition(rows: pa.Table, partition: Mapping[str, str | None], table: type[Table]) -> pa.Table:
    """Rows with the columns that the path of their file stands for, as the table declares their types."""
    schema = table.arrow_schema()
    for name, value in partition.items():
        told = pa.scalar(value, pa.string()).cast(schema.field(name).type)
        rows = rows.append_column(schema.field(name), pa.repeat(told, rows.num_rows))
    return rows


def written(root: str, table: type[Table]) -> list[dict[str, Any]]:
    """Files of a table that lie below a folder, each as `added` commits it, by what it says of itself."""
    import pyarrow.parquet as pq

    system, base = file_system(root)
    found = []
    for info in sorted(system.get_file_info(fs.FileSelector(base, recursive=True)), key=lambda i: i.path):
        if not info.is_file or not info.path.endswith(".parquet"):
            continue
        with system.open_input_file(info.path) as opened:
            footer = pq.read_metadata(opened)
        name = info.path.removeprefix(f"{base}/")
        partition = {
            k: None if v == NO_VALUE else unquote(v) for k, v in (f.split("=", 1) for f in name.split("/")[:-1])
        }
        stats = json.dumps({"numRecords": footer.num_rows, **_bounds(footer, table.in_log())}, default=str)
        about = json.dumps(partition)
        found.append({"path": name, "size": info.size, "n_rows": footer.num_rows, "partition": about, "stats": stats})
    return [row for row in found if row["n_rows"]]


def parcels(place: int, about: str, keys: np.ndarray, counts: np.ndarray) -> Iterator[pa.RecordBatch]:
    """Hand sorted counts to the task at `place`, in parts that stay small."""
    for first in range(0, keys.size, PARCEL_KEYS):
        part = slice(first, first + PARCEL_KEYS)
        yield pa.RecordBatch.from_pydict(
            {
                "place": [place],
                "about": [about],
                "keys": [keys[part].astype(np.uint64).tobytes()],
                "counts": [counts[part].astype(np.int32).tobytes()],
            },
            schema=PARCEL,
        )


def opened(batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, str, np.ndarray, np.ndarray]]:
    """Open what other tasks handed over: place, about, keys, counts."""
    for batch in batches:
        for place, about, keys, counts in zip(*(batch.column(c) for c in PARCEL.names), strict=True):
            yield (
                place.as_py(),
                about.as_py(),
                np.frombuffer(keys.as_buffer(), dtype=np.uint64),
                np.frombuffer(counts.as_buffer(), dtype=np.int32).astype(np.int64),
            )


def frame_parcels(rows: pl.DataFrame, place: pl.Series, name: str) -> Iterator[pa.RecordBatch]:
    """Hand rows to the tasks at their places, as Arrow bytes in parts that stay small; those of no place are left."""
    for (at,), own in rows.with_columns(place.alias("_place")).drop_nulls("_place").group_by("_place"):
        for first in range(0, own.height, FRAME_ROWS):
            out = io.BytesIO()
            own.slice(first, FRAME_ROWS).drop("_place").write_ipc_stream(out, compression="uncompressed")
            yield pa.RecordBatch.from_pydict({"place": [at], "name": [name], "rows": [out.getvalue()]}, schema=FRAMES)


def opened_frames(batches: Iterable[pa.RecordBatch]) -> dict[int, dict[str, list[pl.DataFrame]]]:
    """Open what other tasks handed over: frames by place and name."""
    found: dict[int, dict[str, list[pl.DataFrame]]] = {}
    for batch in batches:
        for row in batch.to_pylist():
            frame = pl.read_ipc_stream(io.BytesIO(row["rows"]))
            found.setdefault(row["place"], {}).setdefault(row["name"], []).append(frame)
    return found


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


def gathered(
    frame: DataFrame, n_places: int, work: Callable[[Iterator[pa.RecordBatch]], Iterator[Any]], schema: str
) -> DataFrame:
    """Bring the parcels of each place together and run `work` on them, one task a place."""
    return frame.repartitionById(n_places, frame["place"]).mapInArrow(work, schema)


def actions(added: Iterable[dict[str, Any]]) -> list[Any]:
    """Delta actions of written files."""
    from deltalake.transaction import AddAction

    now = int(time.time() * 1000)
    return [
        AddAction(
            row["path"],
            row["size"],
            json.loads(row["partition"]),
            now,
            True,
            row["stats"],
        )
        for row in added
    ]
