"""Commits: tables made from their classes, and files that tasks wrote made their content, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pipelines.core.rules import KEY, LakeError, RulesBroken
from pipelines.core.table import Table
from pipelines.files.object_store import delta_options
from pipelines.files.store import file_system
from pipelines.lake.delta import at, check, codes_in, delta_schema, statistics
from pipelines.lake.made import note
from pipelines.lake.read import LakeReader

if TYPE_CHECKING:
    from pipelines.lake.seal import Print

MOST_ATTEMPTS = 20  # to commit beside other writers
NAME = "commit"  # what a commit is called by who made it
CHECKPOINT = "10"  # commits after which the log is summed up: each writer reads what came since, an entry a request
BROKEN = "failed validation check"  # what delta-rs says of rows that break a new rule, and of nothing else


@dataclass(frozen=True)
class Written:
    """What a write did: the version the table stands at, and whether this write made it."""

    address: str
    version: int
    changed: bool
    n_rows: int


class Committing(LakeReader):
    """A lake whose tables can be made, and whose files can be made the content of one."""

    def create(self, table: type[Table]) -> None:
        """Create the table from its class where it does not exist yet, and give it the columns and rules it lacks.

        A column that came later is null in the rows that stand: that none is missing is asked of new rows alone.
        Raises `LakeError` where rows that stand break a rule.
        """
        _beside_others(lambda _: self._as_declared(table))

    def _as_declared(self, table: type[Table]) -> None:
        from deltalake import DeltaTable, Field
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
                storage_options=delta_options(self.path(address)),
                configuration={
                    "delta.enableChangeDataFeed": str(table.has_change_feed).lower(),
                    "delta.checkpointInterval": CHECKPOINT,
                    **statistics(table),
                },
            )
        delta = self._delta(address)
        held = {field.name for field in delta.schema().fields}
        if new := [f for f in delta_schema(table).fields if f.name not in held]:
            delta.alter.add_columns([Field(f.name, f.type, nullable=True, metadata=f.metadata) for f in new])
            self.seal(address)
        known = delta.metadata().configuration
        if changed := {name: value for name, value in statistics(table).items() if known.get(name) != value}:
            delta.alter.set_table_properties(changed)
            self.seal(address)
        rules = {f"{name}_rule": rule for name, c in table.columns.items() if (rule := check(name, c))}
        stand = {name: known.get(f"delta.constraints.{name}") for name in rules}
        if lacking := {name: rule for name, rule in rules.items() if codes_in(stand[name]) != codes_in(rule)}:
            for name in lacking:
                if stand[name] is not None:
                    delta.alter.drop_constraint(name)
            try:
                delta.alter.add_constraint(lacking)
            except DeltaError as error:
                if BROKEN not in str(error):
                    raise
                raise LakeError(f"{address} holds rows that break {' or '.join(lacking)}; build it again") from None
            self.seal(address)

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
        from pipelines.lake import file_output, unique

        address = table.address()
        rows = list(added)
        if not rows and replacing == {}:
            return self._unchanged(address, inputs)
        if self._stand_already(address, rows, replacing):
            system, folder = file_system(self.path(address))
            for row in rows:
                system.delete_file(f"{folder}/{row['path']}")
            return self._unchanged(address, inputs)
        before, taken, files = self.version(address), file_output.actions(rows), unique.new(self.path(address), rows)
        filters = [(k, "in", list(v)) for k, v in replacing.items() if v] if replacing is not None else None

        def write(delta: Any, alone: Any) -> None:
            self._refuse_shared(delta, table, files, filters, is_asked)
            mode = "append" if filters == [] else "overwrite"
            keys = list(table.partitioned_by) or None
            delta.create_write_transaction(taken, mode, delta.schema(), keys, filters or None, commit_properties=alone)

        self._alone(address, write, {"userMetadata": self.provenance(inputs)})
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

        `write` is given the table and the properties of the commit. A commit has a name, so that one whose answer was
        lost on its way from a store is not made twice. Raises what the last attempt raised.
        """
        from deltalake import CommitProperties

        name = {NAME: uuid4().hex}
        alone = CommitProperties(custom_metadata={**name, **(told or {})}, max_commit_retries=0)

        def commit(is_again: bool) -> None:
            delta = at(self.path(address))  # its own: no look in between moves its version
            if is_again and any(name.items() <= one.items() for one in delta.history(MOST_ATTEMPTS)):
                return
            write(delta, alone)

        _beside_others(commit)

    def _unchanged(self, address: str, inputs: Mapping[str, str]) -> Written:
        """Note that the rows that stand came out of these inputs too; the table and its version stay."""
        version = self.version(address)
        note(self.path(address), version, inputs)
        return Written(address, int(version.split("@")[1]), False, self.n_rows(address))

    def _written(self, address: str, before: str) -> Written:
        """Seal what a write did to a table that stood at the version `before`, and tell it."""
        self.seal(address)
        after = self.version(address)
        return Written(address, int(after.split("@")[1]), before != after, self.n_rows(address))

    def provenance(self, inputs: Mapping[str, str]) -> str:
        """What a commit says that it was made from."""
        return json.dumps({"inputs": dict(sorted(inputs.items()))}, sort_keys=True)


def _beside_others(commit: Callable[[bool], None]) -> None:
    """Look and commit; where another writer was faster, or the answer to one's own commit was lost, do so again.

    `commit` is told whether it was tried before.
    """
    from deltalake.exceptions import CommitFailedError

    for attempt in range(1, MOST_ATTEMPTS + 1):
        try:
            return commit(attempt > 1)
        except CommitFailedError:
            if attempt == MOST_ATTEMPTS:
                raise


def _folder(name: str) -> str:
    """Folder of a file within its table: its partition."""
    return name.rpartition("/")[0]


def _placed(files: Mapping[str, Print]) -> list[tuple[str, str]]:
    """Partition and hash of each file."""
    return [(_folder(name), found.sha256) for name, found in files.items()]
