"""The lake: the only place that writes to storage.

A table lives at `<root>/<layer>/<name>` as Delta, created from its class: types, comments, NOT NULL and CHECK come from
the declaration. Writes are idempotent: a delivery replaces itself, an upsert changes only rows that differ, and a step
whose inputs and code are the same as at its last write is not written again.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pipelines.core.axis import Cut, cut
from pipelines.core.rules import KEY, LakeError, RulesBroken, ask, refuse
from pipelines.core.table import Column, Table
from pipelines.files.store import file_system
from pipelines.lake.made import note, noted
from pipelines.lake.opened import opened
from pipelines.lake.seal import log_entries

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from pipelines.lake.seal import Print

FEW_FILES = 32  # from more on, listing them one by one takes longer than the log
MOST_ATTEMPTS = 20  # to commit beside other writers
USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


@dataclass(frozen=True)
class Written:
    """What a write did: the version the table stands at, and whether this write made it."""

    address: str
    version: int
    changed: bool
    n_rows: int


class Lake:
    """A Delta lakehouse under one root, as a mapping of addresses to lazy DataFrames (`lake["silver.report"]`).

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
    def today(self) -> Lake:
        """The same lake as it stands, whatever date this one is seen from: where deliveries are taken in."""
        return Lake(self._spark, self.root, self.tables, sees=self.sees)

    def limited(self, sees: Collection[str]) -> Lake:
        """The same lake, of which only these tables can be looked at."""
        return Lake(self._spark, self.root, self.tables, self.as_of, sees)

    def exists(self, address: str) -> bool:
        """Tell whether the table has been made: its log has an entry that holds something."""
        system, path = file_system(self.path(address))
        first = system.get_file_info(f"{path}/_delta_log/{0:020d}.json")
        return (first.is_file and first.size > 0) or bool(log_entries(system, path))

    def look(self, address: str) -> None:
        """Look at the table's log and at the sizes of its files, and seal what a killed run left without a seal.

        Raises `LakeError` where something is amiss.
        """
        from pipelines.lake.verify import glance

        if not self.exists(address):
            return
        if problem := glance(self.path(address)):
            raise LakeError(damaged(address, problem))
        self._seal(address)

    def __getitem__(self, address: str) -> DataFrame:
        """Read a table; one that no delivery has fed yet is empty. Raises `LakeError` for an undeclared address."""
        from pipelines.frames.history import cut_at

        if address not in self.tables:
            raise LakeError(f"there is no table {address}; `gerland tables` lists them")
        table = self.tables[address]
        if not self.exists(address):
            return self.spark.createDataFrame([], table.spark_schema())
        axis = table.axis
        return cut_at(self._read(table), axis, self.as_of, self[axis.whole] if self.as_of and axis.whole else None)

    def _read(self, table: type[Table]) -> DataFrame:
        """Read a table; one of few files without the engine's replay of its log, which takes longer than they do."""
        address = table.address()
        files = [uri for uri, _ in self._files(address)]
        if not 0 < len(files) <= FEW_FILES:
            return self.spark.read.format("delta").load(self.path(address))
        reader = self.spark.read.schema(table.spark_schema()).option("basePath", self.path(address))
        return reader.parquet(*files).select(*table.columns)

    def version(self, address: str) -> str:
        """Identity and version of a table (`<id>@<n>`), or `absent`; read from the log without the engine."""
        if not self.exists(address):
            return "absent"
        table = self._delta(address)
        return f"{table.metadata().id[:8]}@{table.version()}"

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

    def upsert(self, table: type[Table], frame: DataFrame, inputs: Mapping[str, str]) -> Written:
        """Make the table hold exactly these rows, changing only those that differ by key.

        Where none differs, nothing is committed. Raises `LakeError` where the frame breaks a key or a constraint of the
        table; nothing is written then.
        """
        from pipelines.lake.staging import IN_MEMORY, staged

        self.create(table)
        address = table.address()
        with staged(self.spark, table, frame, self.path(address)) as rows:
            n_stands = self.n_rows(address)
            if n_stands == 0:
                return self.commit_files(table, rows.moved(), inputs, replacing={}, is_asked=True)
            if n_stands + rows.n_rows <= IN_MEMORY:
                if rows.are_those_of(self._files(address)):
                    return self._unchanged(address, inputs)
                if not table.has_change_feed and not table.partitioned_by:
                    return self.commit_files(table, rows.moved(), inputs, is_asked=True)
            return self._merged(table, rows.frame(), inputs)

    def _merged(self, table: type[Table], rows: DataFrame, inputs: Mapping[str, str]) -> Written:
        """Change what differs from these rows."""
        address, path = table.address(), self.path(table.address())
        view = f"_incoming_{table.layer}_{table.name}"
        rows.createOrReplaceTempView(view)
        same_key = " AND ".join(f"t.`{k}` <=> s.`{k}`" for k in table.key)
        rest = [c for c in table.columns if c not in table.key]
        differs = " AND ".join(f"t.`{c}` <=> s.`{c}`" for c in rest) or "true"
        merge = (
            f"MERGE INTO delta.`{path.replace('`', '``')}` t USING {view} s ON {same_key} "
            f"WHEN MATCHED AND NOT ({differs}) THEN UPDATE SET * "
            "WHEN NOT MATCHED THEN INSERT * WHEN NOT MATCHED BY SOURCE THEN DELETE"
        )
        return self._commit(address, inputs, lambda: self.spark.sql(merge))

    def replace(self, table: type[Table], frame: DataFrame, inputs: Mapping[str, str]) -> Written:
        """Overwrite the table whole: for large results that are recomputed rather than edited."""
        from pipelines.lake.staging import staged

        self.create(table)
        with staged(self.spark, table, frame, self.path(table.address())) as rows:
            return self.commit_files(table, rows.moved(), inputs, is_asked=True)

    def replace_partitions(
        self, table: type[Table], frame: DataFrame, inputs: Mapping[str, str], of: Mapping[str, Sequence[Any]]
    ) -> Written:
        """Put these rows in place of the partitions named, by column and values; others keep their files."""
        from pipelines.lake.staging import staged

        self.create(table)
        with staged(self.spark, table, frame, self.path(table.address())) as rows:
            replacing = {column: [str(v) for v in values] for column, values in of.items()}
            return self.commit_files(table, rows.moved(), inputs, replacing, is_asked=True)

    def replace_small(self, table: type[Table], rows: pa.Table, ids: Iterable[str]) -> None:
        """Write a few rows of these deliveries, without the engine, in place of what a killed run may have left."""
        from deltalake import write_deltalake
        from deltalake.exceptions import DeltaError

        self.create(table)
        refuse(rows, table)
        cast, where = rows.cast(table.arrow_schema()), _of_deliveries(ids)

        def write(delta: Any, alone: Any) -> None:
            write_deltalake(delta, cast, mode="overwrite", predicate=where, commit_properties=alone)

        try:
            self._alone(table.address(), write)
        except DeltaError as error:
            raise LakeError(f"{table.address()}: {str(error).splitlines()[0][:120]}; nothing was written") from None
        self._seal(table.address())

    def append_small(self, table: type[Table], rows: pa.Table) -> None:
        """Add a few rows, without the engine. Raises `RulesBroken` where one has the key of a row that stands."""
        import pyarrow as pa
        from deltalake import write_deltalake

        self.create(table)
        refuse(rows, table)
        stand = self.today.small(table.address(), table.key)
        if shared := ask(pa.concat_tables([stand, rows.select(list(table.key)).cast(stand.schema)]), table).get(KEY):
            raise RulesBroken({KEY: shared}, table.address())
        write_deltalake(self._delta(table.address()), rows.cast(table.arrow_schema()), mode="append")
        self._seal(table.address())

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
        if not self.exists(address):
            return []
        import pyarrow as pa

        delta = self._delta(address)
        if problem := needs_engine(address, delta):
            raise LakeError(problem)
        keys = self.tables[address].partitioned_by
        adds = pa.table(delta.get_add_actions(flatten=True))
        values = [adds[f"partition.{k}"].to_pylist() for k in keys]
        partitions = [dict(zip(keys, map(str, v), strict=True)) for v in zip(*values, strict=True)]
        root = self.path(address)
        names = [unquote(p) for p in adds["path"].to_pylist()]
        return [(f"{root}/{n}", p) for n, p in zip(names, partitions or [{}] * len(names), strict=True)]

    def small(self, address: str, columns: Sequence[str], delivery_id: str | None = None) -> pa.Table:
        """Read columns of a small table, or of one delivery, without the engine; empty where it is not there yet."""
        import pyarrow as pa

        from pipelines.lake import pieces

        schema = self.tables[address].arrow_schema()
        wanted = pa.schema([schema.field(c) for c in columns])
        if cut(self.tables[address].axis, self.as_of) != Cut() and self.exists(address):
            from pipelines.lake.query import query

            named = ", ".join(f'"{c}"' for c in columns)
            of = f" WHERE delivery_id = '{delivery_id}'" if delivery_id else ""
            return query(self.root, f"SELECT {named} FROM {address}{of}", str(self.as_of)).cast(wanted)
        files = [f for f in self.files(address) if delivery_id in (None, f[1].get("delivery_id"))]
        parts = [pieces.read(piece, columns) for piece in pieces.cut(files)]
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

    def prepared(self, table: type[Table]) -> str:
        """Create the table where it is not there yet, and return the folder that tasks write its files to."""
        self.create(table)
        return self.path(table.address())

    def commit_files(
        self,
        table: type[Table],
        added: Iterable[dict[str, Any]],
        inputs: Mapping[str, str],
        replacing: Mapping[str, Sequence[str]] | None = None,
        is_asked: bool = False,
    ) -> Written:
        """Make files that tasks wrote to the table's `prepared` folder its content, in one transaction.

        `replacing` names the partition values whose rows give way, perhaps none; without it all rows do. The rules of
        the table are asked by those who wrote the files, the key within each; that no two files share one, and that
        none has one of a row that stays, is asked here (`is_asked` says that the files were compared among themselves):
        raises `RulesBroken`. What another writer committed meanwhile is seen before this one commits, and gives way
        as well.
        """
        from pipelines.lake import pieces, unique

        address = table.address()
        rows = list(added)
        if not rows and replacing == {}:
            return self._unchanged(address, inputs)
        if self._stand_already(address, rows, replacing):
            system, folder = file_system(self.path(address))
            for row in rows:
                system.delete_file(f"{folder}/{row['path']}")
            return self._unchanged(address, inputs)
        before, taken, files = self.version(address), pieces.actions(rows), unique.new(self.path(address), rows)
        filters = [(k, "in", list(v)) for k, v in replacing.items() if v] if replacing is not None else None

        def write(delta: Any, alone: Any) -> None:
            self._refuse_shared(delta, table, files, filters, is_asked)
            mode = "append" if filters == [] else "overwrite"
            keys = list(table.partitioned_by) or None
            delta.create_write_transaction(taken, mode, delta.schema(), keys, filters or None, commit_properties=alone)

        self._alone(address, write, {"userMetadata": self._provenance(inputs)})
        return self._written(address, before)

    def _refuse_shared(self, delta: Any, table: type[Table], files: list[Any], filters: Any, is_asked: bool) -> None:
        """Raise `RulesBroken` where the key of a row in new files is that of another, or of one that stays."""
        from pipelines.lake import unique

        if not files or not table.has_unique_key:
            return
        root = self.path(table.address())
        stand = unique.standing(delta, root, table) if filters is not None else []
        stay = [f for f in stand if not filters or not all(f.partition[k] in v for k, _, v in filters)]
        if not stay and is_asked:
            return
        if shared := unique.n_shared(self.spark, root, table, [*files, *stay]):
            raise RulesBroken({KEY: shared}, table.address())

    def _stand_already(
        self, address: str, added: Sequence[dict[str, Any]], replacing: Mapping[str, Sequence[str]] | None
    ) -> bool:
        """Tell whether files are, byte for byte, those that they would take the place of."""
        from pipelines.lake.seal import printed, sealed

        gone = [
            (uri, partition)
            for uri, partition in self._files(address)
            if all(partition[k] in [str(v) for v in values] for k, values in (replacing or {}).items())
        ]
        if len(gone) != len(added) or replacing == {}:
            return False
        root = self.path(address)
        known = sealed(root).files
        names = [uri.removeprefix(f"{root}/") for uri, _ in gone]
        new = [row["path"] for row in added]
        stand = {n: known[n] for n in names if n in known}
        if sorted((_folder(n), p.size) for n, p in stand.items()) != sorted(
            (_folder(r["path"]), r["size"]) for r in added
        ):
            return False
        found = dict(zip(new, printed(*file_system(root), new), strict=True))
        return sorted(_placed(stand)) == sorted(_placed(found))

    def _alone(self, address: str, write: Callable[[Any, Any], None], told: Mapping[str, str] | None = None) -> None:
        """Commit on the very version that was looked at: where another writer was faster, look again and repeat.

        `write` is given the table and the properties of the commit. Raises what the last attempt raised.
        """
        from deltalake import CommitProperties, DeltaTable
        from deltalake.exceptions import CommitFailedError

        alone = CommitProperties(custom_metadata=dict(told or {}), max_commit_retries=0)
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                return write(DeltaTable(self.path(address)), alone)  # its own: no look in between moves its version
            except CommitFailedError:
                if attempt == MOST_ATTEMPTS:
                    raise

    def new_partitions(self, address: str, before: str, column: str) -> list[str] | None:
        """Values of a partition column that came since the table stood at the version `before`.

        None where the table is another one by now, or where something that stood then has gone or changed.
        """
        import pyarrow as pa

        if before == "absent" or not self.exists(address):
            return sorted({p[column] for _, p in self.files(address)})
        (identity, number), now = before.split("@"), self.version(address)
        if identity != now.split("@")[0] or int(number) > int(now.split("@")[1]):
            return None
        if before == now:
            return []
        old, new = (pa.table(self._delta(address, v).get_add_actions(flatten=True)) for v in (int(number), None))
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
        if not self.exists(address):
            return None
        told = noted(self.path(address), self.version(address)) or self._last_commit(address)
        return told if told is not None and told.get("code") == inputs.get("code") else None

    def _last_commit(self, address: str) -> dict[str, str] | None:
        """What the last commit says that it was made from."""
        try:
            told = json.loads(self._delta(address).history(1)[0].get("userMetadata") or "{}")
            return dict(told["inputs"])
        except (ValueError, KeyError, TypeError):  # a commit of somebody else's
            return None

    def _unchanged(self, address: str, inputs: Mapping[str, str]) -> Written:
        """Note that the rows that stand came out of these inputs too; the table and its version stay."""
        version = self.version(address)
        note(self.path(address), version, inputs)
        return Written(address, int(version.split("@")[1]), False, self.n_rows(address))

    def create(self, table: type[Table]) -> None:
        """Create the table from its class where it does not exist yet, and give it the rules and codes it lacks."""
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        address = table.address()
        if not self.exists(address):
            from pipelines.lake.staging import cleared

            cleared(f"{self.path(address)}/_delta_log")  # a full disk left it empty where a table was to be made
            DeltaTable.create(
                self.path(address),
                delta_schema(table),
                mode="ignore",
                partition_by=list(table.partitioned_by) or None,
                description=table.summary(),
                configuration={"delta.enableChangeDataFeed": str(table.has_change_feed).lower(), **statistics(table)},
            )
        delta = self._delta(address)
        known = delta.metadata().configuration
        if changed := {name: value for name, value in statistics(table).items() if known.get(name) != value}:
            delta.alter.set_table_properties(changed)
            self._seal(address)
        rules = {f"{name}_rule": rule for name, c in table.columns.items() if (rule := check(name, c))}
        stand = {name: known.get(f"delta.constraints.{name}") for name in rules}
        if lacking := {name: rule for name, rule in rules.items() if codes_in(stand[name]) != codes_in(rule)}:
            for name in lacking:
                if stand[name] is not None:
                    delta.alter.drop_constraint(name)
            try:
                delta.alter.add_constraint(lacking)
            except DeltaError:
                raise LakeError(f"{address} holds rows that break {' or '.join(lacking)}; build it again") from None
            self._seal(address)

    def register(self, addresses: Iterable[str]) -> None:
        """Make tables reachable as `layer.table` in this session's SQL."""
        for address in addresses:
            if self.exists(address):
                self.spark.sql(f"CREATE DATABASE IF NOT EXISTS {address.split('.')[0]}")
                place = self.path(address).replace("\\", "\\\\").replace("'", "\\'")
                self.spark.sql(f"CREATE TABLE IF NOT EXISTS {address} USING delta LOCATION '{place}'")

    def _commit(self, address: str, inputs: Mapping[str, str], write: Any) -> Written:
        before = self.version(address)
        self.spark.conf.set(USER_METADATA, self._provenance(inputs))
        try:
            self._run(address, write)
        finally:
            self.spark.conf.unset(USER_METADATA)
        return self._written(address, before)

    def _written(self, address: str, before: str) -> Written:
        """Seal what a write did to a table that stood at the version `before`, and tell it."""
        self._seal(address)
        after = self.version(address)
        return Written(address, int(after.split("@")[1]), before != after, self.n_rows(address))

    def _seal(self, address: str) -> None:
        """Write down what the table consists of now, byte for byte."""
        from pipelines.lake.seal import Unreadable, seal

        try:
            seal(self.path(address))
        except Unreadable as unreadable:
            raise LakeError(damaged(address, str(unreadable))) from None

    def _run(self, address: str, write: Any) -> None:
        """Run a write; the engine's words for a broken constraint become one sentence without row values."""
        try:
            write()
        except Exception as error:
            text = str(error)
            if "CHECK constraint" in text or "DELTA_VIOLATE_CONSTRAINT" in text or "NOT NULL constraint" in text:
                name = text.split("constraint", 1)[1].split("violated")[0].strip()[:60]
                raise LakeError(f"{address}: a row breaks the constraint {name}; nothing was written") from None
            if "MULTIPLE_SOURCE_ROW_MATCHING" in text:
                raise LakeError(f"{address}: two rows share the key; nothing was written") from None
            raise

    def _provenance(self, inputs: Mapping[str, str]) -> str:
        return json.dumps({"inputs": dict(sorted(inputs.items()))}, sort_keys=True)

    def _delta(self, address: str, version: int | None = None) -> Any:
        from deltalake import DeltaTable

        return opened(self.path(address)) if version is None else DeltaTable(self.path(address), version)

    def _adds(self, address: str, *columns: str) -> list[list[Any]]:
        """What the log says of each file, a list a column: nulls for what it does not say."""
        import pyarrow as pa

        if not self.exists(address):
            return [[] for _ in columns]
        adds = pa.table(self._delta(address).get_add_actions(flatten=True))
        return [adds[c].to_pylist() if c in adds.column_names else [None] * adds.num_rows for c in columns]


def _folder(name: str) -> str:
    """Folder of a file within its table: its partition."""
    return name.rpartition("/")[0]


def _placed(files: Mapping[str, Print]) -> list[tuple[str, str]]:
    """Partition and hash of each file."""
    return [(_folder(name), found.sha256) for name, found in files.items()]


def _of_deliveries(ids: Iterable[str]) -> str:
    """SQL condition that holds for the rows of these deliveries."""
    return f"delivery_id in ({', '.join(repr(i) for i in sorted(ids))})"


def damaged(address: str, problem: str) -> str:
    """Say that a table is not what was written to it."""
    return f"{address} is damaged: {problem}; `gerland verify {address}` tells all, --repair puts it right"


def needs_engine(address: str, delta: Any) -> str | None:
    """Say which Delta features of a table change what its files mean, so that only Spark may read it; None if none."""
    if features := delta.protocol().reader_features:
        return f"{address} uses the Delta features {', '.join(features)}, which need Spark to be read"
    return None


def delta_schema(table: type[Table]) -> Any:
    """Delta schema of a table class: types, NOT NULL, meanings as comments."""
    from deltalake import Field, Schema

    plain = {field.name: field.type for field in Schema.from_arrow(table.arrow_schema()).fields}
    return Schema(
        [Field(n, plain[n], nullable=not c.required, metadata={"comment": c.meaning}) for n, c in table.columns.items()]
    )


def statistics(table: type[Table]) -> dict[str, str]:
    """Properties that tell every writer which columns' least and greatest values the log may hold."""
    if told := table.in_log():
        return {"delta.dataSkippingStatsColumns": ",".join(told)}
    return {"delta.dataSkippingNumIndexedCols": "0"}


def codes_in(rule: str | None) -> set[str] | None:
    """Codes that a rule allows: what a rule that has grown differs by, however the log spells it; None without one."""
    return None if rule is None else set(re.findall(r"'((?:[^']|'')*)'", rule))


def check(name: str, column: Column) -> str | None:
    """SQL condition that every row must meet, for rules without tolerance; None where there is none."""
    rules = []
    if column.codes and column.type == "string":
        rules.append(f"{name} IN ({', '.join(repr(code) for code in column.codes)})")
    if column.mostly == 1.0 and column.minimum is not None:
        rules.append(f"{name} >= {column.minimum}")
    if column.mostly == 1.0 and column.maximum is not None:
        rules.append(f"{name} <= {column.maximum}")
    return f"{name} IS NULL OR ({' AND '.join(rules)})" if rules else None
