"""Files that a task writes: their bounds as the log has them, their partition, the rules that their rows are asked."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import fs

from pipelines.core.rules import RulesBroken, broken_key, broken_values, refuse
from pipelines.core.table import Table
from pipelines.files.store import file_system, make_room

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
ROWS_OF_A_GROUP = 65_536  # of a table written whole: a month of a large population is a few of them
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class Output:
    """One file below a table's root, written batch by batch; it exists once something is written. For tasks.

    Dictionary encoding is used only for columns that come as dictionaries, unless `is_text` says that all of them gain
    by it: it slows numbers down for nothing.
    """

    def __init__(self, root: str, partition: dict[str, str], is_text: bool = False, told: Sequence[str] = ()):
        """Name the file; nothing is written yet.

        The file and the log will say the least and greatest value of the columns `told`, of no other.
        """
        folder = "/".join(f"{name}={(value or NO_VALUE).replace(':', '%3A')}" for name, value in partition.items())
        self.name = f"{folder + '/' if folder else ''}part-{uuid.uuid4().hex}.parquet"
        self.system, self.path = file_system(f"{root}/{self.name}")
        self.partition, self.is_text, self.told, self.n_rows = partition, is_text, list(told), 0
        self._writer: Any = None
        self._footers: list[Any] = []

    def write(self, rows: pa.Table, group: int | None = None) -> None:
        """Append rows; a reader passes over `group` of them at a time by their least and greatest values."""
        import pyarrow.parquet as pq

        if self._writer is None:
            make_room(self.system, self.path)
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
        self._writer.write_table(rows, row_group_size=group)
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

    def delete(self) -> None:
        """Take the closed file away again."""
        if self._writer is not None:
            self.system.delete_file(self.path)

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
    output.write(rows, ROWS_OF_A_GROUP)
    return pa.RecordBatch.from_pylist([output.added()], schema=ADDED)


def write_parts(root: str, partition: dict[str, str], parts: Iterable[pa.Table], table: type[Table]) -> pa.RecordBatch:
    """Do the same of rows that come part by part; no row where there was none to write.

    Where a rule is broken, which the last part may tell, the file is gone again.
    """
    output, keys = Output(root, partition, told=table.in_log()), []
    broken: Counter[str] = Counter()
    for rows in parts:
        told = with_partition(rows, partition, table)
        broken.update(broken_values(told, table))
        keys.append(told.select(list(table.key)))
        output.write(rows, ROWS_OF_A_GROUP)
    added = output.added()
    broken.update(broken_key(pa.concat_tables(keys), table) if keys else {})
    if broken:
        output.delete()
        raise RulesBroken(broken, table.address())
    return pa.RecordBatch.from_pylist([added] if added else [], schema=ADDED)


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
