"""The lake: the only place that writes to storage.

A table lives at `<root>/<layer>/<name>` as Delta, created from its class: types, comments, NOT NULL and CHECK come from
the declaration. Writes are idempotent: a delivery replaces itself, an upsert changes only rows that differ, and a step
whose inputs and code are the same as at its last write is not written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.core.rules import KEY, LakeError, RulesBroken, ask, refuse
from pipelines.core.table import Table
from pipelines.lake.commit import Committing, Written

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame


USER_METADATA = "spark.databricks.delta.commitInfo.userMetadata"


class Lake(Committing):
    """A Delta lakehouse under one root, as a mapping of addresses to lazy DataFrames (`lake["silver.report"]`).

    It reads as `LakeReader` does. Rows of frames, small tables and files of tasks are written by key, by partition or
    whole.
    """

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
        self.seal(table.address())

    def append_small(self, table: type[Table], rows: pa.Table) -> None:
        """Add a few rows, without the engine. Raises `RulesBroken` where one has the key of a row that stands."""
        import pyarrow as pa
        from deltalake import write_deltalake

        self.create(table)
        refuse(rows, table)
        cast, keys = rows.cast(table.arrow_schema()), rows.select(list(table.key))

        def write(delta: Any, alone: Any) -> None:
            stand = delta.to_pyarrow_table(columns=list(table.key))
            if shared := ask(pa.concat_tables([stand, keys.cast(stand.schema)]), table).get(KEY):
                raise RulesBroken({KEY: shared}, table.address())
            write_deltalake(delta, cast, mode="append", commit_properties=alone)

        self._alone(table.address(), write)
        self.seal(table.address())

    def _commit(self, address: str, inputs: Mapping[str, str], write: Any) -> Written:
        before = self.version(address)
        self.spark.conf.set(USER_METADATA, self.provenance(inputs))
        try:
            self._run(address, write)
        finally:
            self.spark.conf.unset(USER_METADATA)
        return self._written(address, before)

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


def _of_deliveries(ids: Iterable[str]) -> str:
    """SQL condition that holds for the rows of these deliveries."""
    return f"delivery_id in ({', '.join(repr(i) for i in sorted(ids))})"
