"""Keys over the files of a table: of those that are to be committed, among themselves and beside what stays.

Who writes a file asks the key within it; here it is asked of several. Only files that may share a key are read: equal
in the partitions that belong to the key, overlapping in every column of it whose bounds the log knows, and sharing a
value of each column of it that repeats (tasks that score share out substances: their files have none in common).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa

from pipelines.core.table import Table
from pipelines.lake import file_tasks
from pipelines.lake.delta import files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

IN_MEMORY = 5_000_000  # rows whose keys are compared in memory; more are worth the engine
FEW_ROWS = 100_000  # are compared as fast as they are looked at
REPEATED = 20  # times that a value of a column stands on the average, for its values to be compared first


@dataclass(frozen=True)
class Keyed:
    """A file by what the log says of it: its partition, its rows, and least and greatest values of columns."""

    uri: str
    partition: Mapping[str, str | None]
    n_rows: int
    bounds: Mapping[str, tuple[Any, Any]]
    is_new: bool


def new(root: str, added: Iterable[Mapping[str, Any]]) -> list[Keyed]:
    """Files that tasks wrote below the folder of a table, rows of `file_output.ADDED`."""
    return [_new(f"{root}/{row['path']}", row) for row in added]


def _new(uri: str, row: Mapping[str, Any]) -> Keyed:
    told = json.loads(row["stats"])
    low, high, nulls = (told.get(name, {}) for name in ("minValues", "maxValues", "nullCount"))
    bounds = {c: (low[c], high[c]) for c in low.keys() & high.keys() if nulls.get(c) == 0}
    return Keyed(uri, json.loads(row["partition"]), row["n_rows"], bounds, True)


def standing(delta: Any, root: str, table: type[Table]) -> list[Keyed]:
    """Files that a version of a table stands on."""
    adds = files_of(delta)
    told = [f"{what}.{c}" for c in table.key for what in ("min", "max", "null_count")]
    told += ["path", "num_records", *(f"partition.{name}" for name in table.partitioned_by)]
    rows = adds.select([c for c in told if c in adds.column_names]).to_pylist()
    return [
        Keyed(
            f"{root}/{unquote(row['path'])}",
            {name: _text(row[f"partition.{name}"]) for name in table.partitioned_by},
            row.get("num_records") or 0,
            {c: (_plain(row[f"min.{c}"]), _plain(row[f"max.{c}"])) for c in table.key if _is_bounded(row, c)},
            False,
        )
        for row in rows
    ]


def _is_bounded(row: Mapping[str, Any], column: str) -> bool:
    """Tell whether the log knows between which values all of a column lies."""
    is_given = row.get(f"min.{column}") is not None and row.get(f"max.{column}") is not None
    return is_given and row.get(f"null_count.{column}") == 0


def n_shared(spark: SparkSession | None, root: str, table: type[Table], files: Iterable[Keyed]) -> int:
    """Count rows whose key another row of these files has; of files that all stand already none is asked."""
    inside = [c for c in table.key if c not in table.partitioned_by]
    return sum(
        _compared(spark, root, table, meeting, inside)
        for alike in _by_partition(table, files)
        for meeting in _meeting(alike, inside)
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    """A bound as the text of the log has it: a date or time by its letters."""
    return value if isinstance(value, int | float | str) else str(value)


def _by_partition(table: type[Table], files: Iterable[Keyed]) -> list[list[Keyed]]:
    """Put together the files whose partitions, as far as they belong to the key, are the same."""
    within = [c for c in table.partitioned_by if c in table.key]
    found: dict[tuple[str | None, ...], list[Keyed]] = defaultdict(list)
    for file in files:
        found[tuple(file.partition[c] for c in within)].append(file)
    return list(found.values())


def _meeting(files: list[Keyed], columns: Sequence[str]) -> list[list[Keyed]]:
    """Groups of several files, one of them new, that may share a key: by the bounds of its columns, then by values."""
    groups = [files]
    for split in (_by_bounds, _by_values):
        for column in columns:
            groups = [part for group in groups for part in split(group, column)]
        groups = [group for group in groups if len(group) > 1 and any(file.is_new for file in group)]
    return groups


def _by_bounds(files: list[Keyed], column: str) -> list[list[Keyed]]:
    """Split files where no bounds of a column overlap."""
    if any(column not in file.bounds for file in files):
        return [files]
    groups: list[list[Keyed]] = []
    reach: Any = None
    for file in sorted(files, key=lambda f: f.bounds[column][0]):
        low, high = file.bounds[column]
        if groups and low <= reach:
            groups[-1].append(file)
            reach = max(reach, high)
        else:
            groups.append([file])
            reach = high
    return groups


def _by_values(files: list[Keyed], column: str) -> list[list[Keyed]]:
    """Split files of many rows that share no value of a column which repeats."""
    if sum(file.n_rows for file in files) < FEW_ROWS or not _repeats(files[0], column):
        return [files]
    groups: list[tuple[set[Any], list[Keyed]]] = []
    for file in files:
        values = set(_values(file, column))
        meets = [group for group in groups if not group[0].isdisjoint(values)]
        groups = [group for group in groups if group[0].isdisjoint(values)]
        groups.append((values.union(*(v for v, _ in meets)), [*(f for _, alike in meets for f in alike), file]))
    return [alike for _, alike in groups]


def _repeats(file: Keyed, column: str) -> bool:
    """Tell whether a file has few values of a column, by its first rows."""
    rows = file_tasks.read(file_tasks.cut([(file.uri, {})], FEW_ROWS)[0], [column])[column]
    return rows.null_count == 0 and len(rows.unique()) * REPEATED <= len(rows)


def _values(file: Keyed, column: str) -> Iterator[Any]:
    for piece in file_tasks.cut([(file.uri, {})]):
        yield from file_tasks.tally(piece, column)


def _compared(spark: SparkSession | None, root: str, table: type[Table], files: list[Keyed], columns: list[str]) -> int:
    """Read the keys of files and count those that are there already."""
    n_rows = sum(file.n_rows for file in files)
    if not columns:  # the partition alone is the key
        return n_rows - 1
    if spark is not None and n_rows > IN_MEMORY:
        rows = spark.read.schema(table.spark_schema()).option("basePath", root).parquet(*[f.uri for f in files])
        return int(n_rows - rows.select(*table.key).distinct().count())
    schema = pa.schema([table.arrow_schema().field(c) for c in columns])
    cut = file_tasks.cut((file.uri, {}) for file in files)
    keys = pa.concat_tables([file_tasks.read(piece, columns).cast(schema) for piece in cut])
    return int(keys.num_rows - keys.group_by(columns).aggregate([]).num_rows)
