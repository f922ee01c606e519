"""Rows that must change where they lie: files of a bronze table are written anew, and the old ones are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.files.store import file_system
from pipelines.lake import file_output, file_tasks
from pipelines.lake.delta import at

if TYPE_CHECKING:
    from pipelines.core.table import BronzeTable
    from pipelines.lake.lake import Lake

Change = Callable[[pa.Table], pa.Table]
HELD_SQL = "delivery_id string, file string, line_number bigint"
HELD = pa.schema([("delivery_id", pa.string()), ("file", pa.string()), ("line_number", pa.int64())])
TASK_BYTES = 64 << 20


def holding(lake: Lake, table: type[BronzeTable], value: str) -> list[dict[str, Any]]:
    """Rows of a table that hold a pseudonym: delivery, file and line."""
    columns = table.pseudonymised()

    def look(files: list[tuple[str, dict[str, str]]]) -> Iterator[pa.RecordBatch]:
        for uri, partition in files:
            for piece in file_tasks.cut([(uri, partition)]):
                rows = file_tasks.read(piece, [*HELD.names, *columns])
                found = rows.filter(holds(rows, columns, value)).select(HELD.names)
                yield from found.cast(HELD).combine_chunks().to_batches()

    tasks = _tasks(lake.files(table.address()))
    found = file_tasks.each(lake.spark, tasks, look, HELD_SQL).collect() if tasks else []
    return [row.asDict() for row in found]


def holds(rows: pa.Table, columns: Sequence[str], value: str) -> pa.ChunkedArray:
    """Tell of each row whether one of the columns has the value."""
    found = [pc.fill_null(pc.equal(rows[c].cast(pa.string()), value), False) for c in columns]
    return reduce(pc.or_, found)


def rewrite(lake: Lake, table: type[BronzeTable], change: Change, deliveries: Sequence[str] | None = None) -> None:
    """Write the rows of deliveries, of all where none is named, as `change` has them, in one transaction.

    The versions before are forgotten: their files are taken away, so that what was in them is nowhere.
    """
    files = [f for f in lake.files(table.address()) if deliveries is None or f[1]["delivery_id"] in deliveries]
    root, told = lake.prepared(table), table.in_log()

    def again(given: list[tuple[str, dict[str, str]]]) -> Iterator[pa.RecordBatch]:
        for uri, partition in given:
            yield from _again(uri, root, partition, told, change)

    tasks = _tasks(files)
    added = (
        [r.asDict() for r in file_tasks.each(lake.spark, tasks, again, file_output.ADDED_SQL).collect()]
        if tasks
        else []
    )
    lake.commit_files(table, added, {}, replacing={"delivery_id": sorted({p["delivery_id"] for _, p in files})})
    forget(lake, table.address())


def forget(lake: Lake, address: str) -> None:
    """Take away every file of a table that its present version does not need."""
    at(lake.path(address)).vacuum(0, dry_run=False, enforce_retention_duration=False, full=True)
    lake.look(address)


def _again(
    uri: str, root: str, partition: dict[str, str], told: Sequence[str], change: Change
) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    output = file_output.Output(root, partition, is_text=True, told=told)
    system, path = file_system(uri)
    with system.open_input_file(path) as opened:
        file = pq.ParquetFile(opened)
        for group in range(file.num_row_groups):
            rows = change(file.read_row_group(group))
            if rows.num_rows:
                output.write(rows)
    if added := output.added():
        yield pa.RecordBatch.from_pylist([added], schema=file_output.ADDED)


def _tasks(files: Sequence[tuple[str, dict[str, str]]]) -> list[Any]:
    def size(file: tuple[str, dict[str, str]]) -> int:
        system, path = file_system(file[0])
        return int(system.get_file_info(path).size)

    return file_tasks.bundled(files, TASK_BYTES, size)
