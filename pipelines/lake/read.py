"""Reading the lake: tables as frames, what stands of them, files for tasks; nothing is written but seals."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pipelines.core.axis import Cut, cut
from pipelines.core.rules import LakeError
from pipelines.core.table import Table
from pipelines.files.store import file_system
from pipelines.lake.delta import at, files_of, names_of, needs_engine
from pipelines.lake.made import noted
from pipelines.lake.opened import opened
from pipelines.lake.seal import log_entries

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession


FEW_FILES = 32  # from more on, listing them one by one takes longer than the log


class LakeReader:
    """The tables of a lake under one root, as a mapping of addresses to lazy DataFrames (`lake["silver.report"]`).

    `as_of` gives the lake as known on a past date: version histories are cut at that date, what is derived from them
    lives in a lake of its own below `as_of/<date>`, everything else is read from the main lake.
    """

    def __init__(
        self,
        spark: SparkSession | Callable[[], SparkSession],
        root: str,
        tables: Mapping[str, type[Table]],
        as_of: dt.date | None = None,
        sees: Collection[str] | None = None,
    ):
        """Open a lake; nothing is written until a table is. `sees` are the only tables that may be looked at.

        `spark` is a session, or gives one where the engine is first needed: what stands is looked at without it.
        """
        self._spark, self.root, self.tables, self.as_of, self.sees = spark, str(root), tables, as_of, sees

    @property
    def spark(self) -> SparkSession:
        """The session that reads and writes."""
        return self._spark() if callable(self._spark) else self._spark

    def path(self, address: str) -> str:
        """Folder of a table. Raises `LakeError` for one that this view of the lake may not look at."""
        if self.sees is not None and address not in self.sees:
            raise LakeError(
                f"{address} is not among the tables that this step declares to read ({', '.join(sorted(self.sees))}): "
                "declare it, so that the step runs again when it changes"
            )
        layer, name = address.split(".")
        base = f"{self.root}/as_of/{self.as_of}" if self.as_of and self._is_derived(address) else self.root
        return f"{base.rstrip('/')}/{layer}/{name}"

    def _is_derived(self, address: str) -> bool:
        return self.tables[address].is_derived()

    @property
    def today(self) -> Self:
        """The same lake as it stands, whatever date this one is seen from: where deliveries are taken in."""
        return type(self)(self._spark, self.root, self.tables, sees=self.sees)

    def limited(self, sees: Collection[str]) -> Self:
        """The same lake, of which only these tables can be looked at."""
        return type(self)(self._spark, self.root, self.tables, self.as_of, sees)

    def exists(self, address: str) -> bool:
        """Tell whether the table has been made: its log has an entry that holds something."""
        return bool(log_entries(*file_system(self.path(address))))

    def holds(self, address: str) -> bool:
        """Tell whether the table has been made and has files."""
        return bool(self._files(address))

    def look(self, address: str) -> None:
        """Look at the table's log and at the sizes of its files, and seal what a killed run left without a seal.

        Raises `LakeError` where something is amiss.
        """
        from pipelines.lake.verify import glance

        if not self.exists(address):
            return
        if problem := glance(self.path(address)):
            raise LakeError(damaged(address, problem))
        self.seal(address)

    def __getitem__(self, address: str) -> DataFrame:
        """Read a table; one that no delivery has fed yet is empty. Raises `LakeError` for an undeclared address."""
        from pipelines.frames.conform import empty
        from pipelines.frames.history import cut_at

        if address not in self.tables:
            raise LakeError(f"there is no table {address}; `gerland tables` lists them")
        table = self.tables[address]
        if not (files := self._files(address)):
            return empty(self.spark, table)
        rows, axis = self._read(table, [uri for uri, _ in files]), table.axis
        return cut_at(rows, axis, self.as_of, self[axis.whole] if self.as_of and axis.whole else None)

    def _read(self, table: type[Table], files: Sequence[str]) -> DataFrame:
        """Read a table; one of few files without the engine's replay of its log, which takes longer than they do."""
        address = table.address()
        if len(files) > FEW_FILES:
            return self.spark.read.format("delta").load(self.path(address))
        reader = self.spark.read.schema(table.spark_schema()).option("basePath", self.path(address))
        return reader.parquet(*files).select(*table.columns)

    def version(self, address: str) -> str:
        """Identity and version of a table (`<id>@<n>`), or `absent`; read from the log without the engine."""
        delta = opened(self.path(address))
        return "absent" if delta is None else f"{str(delta.metadata().id)[:8]}@{delta.version()}"

    def versions(self, addresses: Iterable[str]) -> dict[str, str]:
        """Versions of several tables, for provenance."""
        return {a: self.version(a) for a in sorted(set(addresses))}

    def is_fresh(self, address: str, inputs: Mapping[str, str]) -> bool:
        """Tell whether the table was last made from these very inputs by this very code."""
        return self.written_from(address, inputs) == dict(inputs)

    def n_rows(self, address: str) -> int:
        """Rows of a table, from the log."""
        return sum(n or 0 for n in self._adds(address, "num_records")[0])

    def n_bytes(self, address: str) -> int:
        """Bytes of a table's files, from the log."""
        return sum(n or 0 for n in self._adds(address, "size_bytes")[0])

    def files(self, address: str) -> list[tuple[str, dict[str, str]]]:
        """Files of a table, each with its partition values, for tasks that read them without the engine.

        Raises `LakeError` for a table that uses Delta features which change what its files mean, and for one that can't
        be cut at a past date file by file.
        """
        known = cut(self.tables[address].axis, self.as_of)
        if known == Cut():
            return self._files(address)
        by = self.tables[address].axis.start
        if known.replaced or known.whole or by not in self.tables[address].partitioned_by:
            raise LakeError(f"{address} can't be cut at {self.as_of} file by file: read its rows")
        return [f for f in self._files(address) if f[1][by] <= str(self.as_of)]

    def _files(self, address: str) -> list[tuple[str, dict[str, str]]]:
        delta = opened(self.path(address))
        if delta is None:
            return []
        if problem := needs_engine(address, delta):
            raise LakeError(problem)
        keys = self.tables[address].partitioned_by
        adds = files_of(delta)
        values = [adds[f"partition.{k}"].to_pylist() for k in keys]
        partitions = [dict(zip(keys, map(str, v), strict=True)) for v in zip(*values, strict=True)]
        root = self.path(address)
        names = names_of(adds)
        return [(f"{root}/{n}", p) for n, p in zip(names, partitions or [{}] * len(names), strict=True)]

    def small(self, address: str, columns: Sequence[str], delivery_id: str | None = None) -> pa.Table:
        """Read columns of a small table, or of one delivery, without the engine; empty where it is not there yet."""
        import pyarrow as pa

        from pipelines.lake import file_tasks

        schema = self.tables[address].arrow_schema()
        wanted = pa.schema([schema.field(c) for c in columns])
        if cut(self.tables[address].axis, self.as_of) != Cut() and self.exists(address):
            from pipelines.lake.query import query

            named = ", ".join(f'"{c}"' for c in columns)
            of = f" WHERE delivery_id = '{delivery_id}'" if delivery_id else ""
            return query(self.root, f"SELECT {named} FROM {address}{of}", str(self.as_of)).cast(wanted)
        files = [f for f in self.files(address) if delivery_id in (None, f[1].get("delivery_id"))]
        parts = [file_tasks.read(piece, columns) for piece in file_tasks.cut(files)]
        return pa.concat_tables([wanted.empty_table(), *(p.cast(wanted) for p in parts)])

    def maximum(self, address: str, column: str) -> Any:
        """Largest value of a column, from the log; None where the table is empty or holds none.

        Raises `LakeError` where a file was written without statistics of the column.
        """
        counts, values, nulls = self._adds(address, "num_records", f"max.{column}", f"null_count.{column}")
        for n_rows, n_null, value in zip(counts, nulls, values, strict=True):
            if value is None and n_rows and n_null != n_rows:
                raise LakeError(f"{address}: the log does not know the largest {column}")
        return max((v for v in values if v is not None), default=None)

    def new_partitions(self, address: str, before: str, column: str) -> list[str] | None:
        """Values of a partition column that came since the table stood at the version `before`.

        None where the table is another one by now, or where something that stood then has gone or changed.
        """

        if before == "absent" or not self.exists(address):
            return sorted({p[column] for _, p in self.files(address)})
        (identity, number), now = before.split("@"), self.version(address)
        if identity != now.split("@")[0] or int(number) > int(now.split("@")[1]):
            return None
        if before == now:
            return []
        old, new = (files_of(self._delta(address, v)) for v in (int(number), None))
        told = dict(zip(new["path"].to_pylist(), new[f"partition.{column}"].to_pylist(), strict=True))
        stood = set(old["path"].to_pylist())
        return sorted({told[path] for path in told.keys() - stood}) if stood <= told.keys() else None

    def changes(self, address: str, first: int, last: int, most: int) -> list[pa.RecordBatch] | None:
        """Rows that the change feed holds from one version to another, with `_change_type`.

        None where there are more than `most` rows, or where the feed no longer reaches so far back.
        """
        import pyarrow as pa
        from deltalake.exceptions import DeltaError

        if first > last:
            return []
        try:
            feed = self._delta(address).load_cdf(starting_version=first, ending_version=last)
            batches, n = [], 0
            for batch in pa.RecordBatchReader.from_stream(feed):
                batches.append(batch)
                n += batch.num_rows
                if n > most:
                    return None
        except (DeltaError, OSError, pa.ArrowException):  # the last where files of the feed were vacuumed
            return None
        return batches

    def written_from(self, address: str, inputs: Mapping[str, str]) -> dict[str, str] | None:
        """What the table was last made from, if by the very code of these inputs (`code`); None otherwise."""
        told = self.made_of(address) if self.exists(address) else None
        return told if told is not None and told.get("code") == inputs.get("code") else None

    def written_at(self, address: str) -> float:
        """When the version of a table that stands was committed, in seconds since 1970."""
        return float(self._delta(address).history(1)[0]["timestamp"]) / 1000

    def made_of(self, address: str) -> dict[str, str] | None:
        """What the version of a table that stands was made from, by its note or its commit."""
        return noted(self.path(address), self.version(address)) or self._last_commit(address)

    def _last_commit(self, address: str) -> dict[str, str] | None:
        """What the last commit says that it was made from."""
        try:
            told = json.loads(self._delta(address).history(1)[0].get("userMetadata") or "{}")
            return dict(told["inputs"])
        except (ValueError, KeyError, TypeError):  # a commit of somebody else's
            return None

    def seal(self, address: str) -> None:
        """Write down what the table consists of now, byte for byte."""
        from pipelines.lake.seal import Unreadable, seal

        try:
            seal(self.path(address))
        except Unreadable as unreadable:
            raise LakeError(damaged(address, str(unreadable))) from None

    def register(self, addresses: Iterable[str]) -> None:
        """Make tables reachable as `layer.table` in this session's SQL."""
        for address in addresses:
            if self.exists(address):
                self.spark.sql(f"CREATE DATABASE IF NOT EXISTS {address.split('.')[0]}")
                place = self.path(address).replace("\\", "\\\\").replace("'", "\\'")
                self.spark.sql(f"CREATE TABLE IF NOT EXISTS {address} USING delta LOCATION '{place}'")

    def _delta(self, address: str, version: int | None = None) -> Any:
        """A table that is there, as it stands or at a version. Raises what delta-rs raises of one that is not."""
        stands = opened(self.path(address)) if version is None else None
        return at(self.path(address), version) if stands is None else stands

    def _adds(self, address: str, *columns: str) -> list[list[Any]]:
        """What the log says of each file, a list a column: nulls for what it does not say."""
        delta = opened(self.path(address))
        if delta is None:
            return [[] for _ in columns]
        adds = files_of(delta)
        return [adds[c].to_pylist() if c in adds.column_names else [None] * adds.num_rows for c in columns]


def damaged(address: str, problem: str) -> str:
    """Say that a table is not what was written to it."""
    return f"{address} is damaged: {problem}; `gerland verify {address}` tells all, --repair puts it right"
