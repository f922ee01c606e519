"""Dagster's event log in sqlite, over connections that stay open.

Dagster's own opens, prepares and closes a database for every event, some 17 ms each: half a minute of a run of two
thousand events. This one keeps a connection a shard and the statements that it has prepared, stores together what
Dagster tells together, and lets the system write to the disk when it suits it.
`dagster_home/dagster.yaml` names it; the files are the same, so either can be put in place of the other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from dagster import EventLogEntry, Field, StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.event import listen
from sqlalchemy.pool import StaticPool

MOST_TOGETHER = 1000  # events of a batch


class _Batch(threading.local):
    """Connections of the batch that a thread stores, by shard; None where it stores none."""

    shards: dict[str, Connection] | None = None
    stack: ExitStack


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """The event log that lies in `base_dir`, by default where Dagster puts it below its home."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open nothing yet; a shard is opened when it is first asked for."""
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        self._batch = _Batch()
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(MOST_TOGETHER))  # else Dagster makes no batches
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """What `dagster.yaml` may say."""
        return {"base_dir": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Build it of what `dagster.yaml` says."""
        home = Path(os.environ["DAGSTER_HOME"]) / "history" / "runs"
        return cls(str(config_value.get("base_dir", home)), inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        if (shards := self._batch.shards) is None:
            with self._db_lock, self._transaction(shard) as connection:
                yield connection
            return
        if shard not in shards:
            shards[shard] = self._batch.stack.enter_context(self._transaction(shard))
        yield shards[shard]

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction a shard, all or none: a run plans thousands at once."""
        with self._db_lock, ExitStack() as stack:
            self._batch.shards, self._batch.stack = {}, stack
            try:
                super().store_event_batch(events)
            finally:
                self._batch.shards = None

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        engine = self._engines.get(shard)
        if engine is None:
            engine = self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            listen(engine, "connect", _unhurried)
        if shard not in self._initialized_dbs:
            self._initdb(engine)
            self._initialized_dbs.add(shard)
        with engine.connect() as connection, connection.begin():
            yield connection
        Path(self.path_for_shard(shard)).touch()  # who watches the file learns of what stands beside it yet

    def has_table(self, table_name: str) -> bool:
        """Tell whether the index has a table; one that is there stays."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Close what was opened."""
        for engine in self._engines.values():
            engine.dispose()
        super().dispose()


def _unhurried(connection: Any, _: Any) -> None:
    """Do not wait for the disk at every event: a machine that loses power may lose the last ones, never the log."""
    connection.execute("PRAGMA synchronous=NORMAL")
