"""Rows of the engine on their way into a table: written where no commit names them, asked by the table's rules."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import fs

from pipelines.core.rules import KEY, RulesBroken, ask, columns
from pipelines.core.table import Table
from pipelines.files.store import file_system, make_room
from pipelines.frames.conform import conformed, empty
from pipelines.frames.spark import in_few_tasks
from pipelines.lake import file_output, file_tasks
from pipelines.lake.unique import IN_MEMORY

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

STAGED = "_staged"
HASHED_ROWS = 200_000  # of a file, hashed at a time
SEEDS = (1, 2)  # the hashes are compared within a process only


@dataclass(frozen=True)
class Staged:
    """Rows in files at `place`, below the `folder` of the table that they are for."""

    spark: SparkSession
    table: type[Table]
    folder: str
    place: str
    files: list[dict[str, Any]]

    def frame(self) -> DataFrame:
        """Rows as the engine reads them."""
        if not self.files:
            return empty(self.spark, self.table)
        reader = self.spark.read.schema(self.table.spark_schema()).option("basePath", self.place)
        return reader.parquet(*[f"{self.place}/{row['path']}" for row in self.files]).select(*self.table.columns)

    def moved(self) -> list[dict[str, Any]]:
        """Move the files to where the table's lie; returns what is to be committed."""
        system, source = file_system(self.place)
        _, target = file_system(self.folder)
        for row in self.files:
            to = f"{target}/{row['path']}"
            make_room(system, to)
            system.move(f"{source}/{row['path']}", to)
        return self.files

    @property
    def n_rows(self) -> int:
        """Rows in the files."""
        return sum(int(row["n_rows"]) for row in self.files)

    def are_those_of(self, files: Sequence[tuple[str, dict[str, str]]]) -> bool:
        """Tell whether the rows are those of files of the table, in whatever order and files they stand."""
        mine = [(f"{self.place}/{row['path']}", json.loads(row["partition"])) for row in self.files]
        return np.array_equal(_fingerprints(mine, self.table), _fingerprints(files, self.table))

    def broken(self) -> Mapping[str, int]:
        """Rules of the table that the rows break, each with how many do."""
        files = [(f"{self.place}/{row['path']}", json.loads(row["partition"])) for row in self.files]
        if self.n_rows <= IN_MEMORY:
            return ask(pa.concat_tables([_ruled(file, self.table) for file in files]), self.table) if files else {}
        found: Counter[str] = Counter()
        for row in file_tasks.each(
            self.spark, files, partial(_asked, table=self.table), "rule string, n bigint"
        ).collect():
            found[row["rule"]] += row["n"]
        rows = self.frame()
        found[KEY] = rows.count() - rows.select(*self.table.key).distinct().count()  # over all files, not in each
        return +found


@contextmanager
def staged(spark: SparkSession, table: type[Table], frame: DataFrame, folder: str) -> Iterator[Staged]:
    """Write rows that are to become a table's below its folder; what is not moved meanwhile is taken away in the end.

    Raises `RulesBroken` where a row breaks a rule of the table or two share its key.
    """
    cleared(f"{folder}/{STAGED}")
    place = f"{folder}/{STAGED}/{uuid.uuid4().hex}"  # its own: the engine may still write for a run that was killed
    try:
        shaped = in_few_tasks(conformed(frame, table))
        writer = shaped.write.option("mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
        writer.partitionBy(*table.partitioned_by).parquet(place)
        rows = Staged(spark, table, folder, place, file_output.written(place, table))
        if broken := rows.broken():
            raise RulesBroken(broken, table.address())
        yield rows
    finally:
        cleared(f"{folder}/{STAGED}")


def cleared(folder: str) -> None:
    """Take a folder away, if it is there."""
    system, path = file_system(folder)
    if system.get_file_info(path).type == fs.FileType.Directory:
        system.delete_dir(path)


def _fingerprints(files: Iterable[tuple[str, Mapping[str, str | None]]], table: type[Table]) -> NDArray[np.uint64]:
    """Two independent 64-bit hashes of each row of files, as one number each row, in order: 16 bytes a row."""
    names = list(table.columns)
    found = [np.empty((0, 2), dtype=np.uint64)]
    for uri, partition in files:
        for piece in file_tasks.cut([(uri, {})], HASHED_ROWS):
            inside = [c for c in names if c not in table.partitioned_by]
            rows = file_output.with_partition(_cast(file_tasks.read(piece, inside), table, inside), partition, table)
            frame = pl.DataFrame(rows.select(names))
            found.append(np.column_stack([frame.hash_rows(seed).to_numpy() for seed in SEEDS]))
    every = np.concatenate(found)
    return every[np.lexsort(every.T)]


def _cast(rows: pa.Table, table: type[Table], inside: Sequence[str]) -> pa.Table:
    schema = table.arrow_schema()
    return rows.cast(pa.schema([schema.field(c) for c in inside]))


def _ruled(file: tuple[str, Mapping[str, str | None]], table: type[Table]) -> pa.Table:
    """What the rules of a table look at in one file."""
    uri, partition = file
    inside = [c for c in columns(table) if c not in table.partitioned_by]
    parts = [_cast(file_tasks.read(piece, inside), table, inside) for piece in file_tasks.cut([(uri, {})])]
    return file_output.with_partition(pa.concat_tables(parts), partition, table)


def _asked(file: tuple[str, Mapping[str, str | None]], table: type[Table]) -> Iterator[pa.RecordBatch]:
    broken = ask(_ruled(file, table), table)
    yield pa.RecordBatch.from_pydict({"rule": list(broken), "n": pa.array(broken.values(), pa.int64())})
