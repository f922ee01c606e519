"""Where Dagster keeps runs, events and schedules: PostgreSQL where the setting `dagster` names one, else its home.

`dagster_home/dagster.yaml` names this, and stays the same on every machine. The address is in no configuration that
Dagster hands from process to process, nor in a file: each process reads it with the settings.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from sqlalchemy.event import listen

from pipelines.orchestration.event_log import KeptSqliteEventLogStorage
from pipelines.settings import load

OVERFLOW = 20  # connections more than the one that stays open
AWAY_SECONDS = 60.0  # for which a database that is away is waited for


class DatabaseGone(Exception):
    """Dagster's database does not come back; no error of a database, or Dagster would ask again."""


class SqliteStorage(DagsterSqliteStorage):
    """SQLite files below a folder, where Dagster's own default has them, with the event log of `event_log.py`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Open what lies below the folder."""
        super().__init__(base_dir, inst_data)
        self._kept = KeptSqliteEventLogStorage(self._event_log_storage._base_dir)
        self._event_log_storage = self._kept

    @property
    def event_log_storage(self) -> EventLogStorage:
        """The event log whose connections stay open."""
        return self._kept


class ChosenStorage(DagsterStorage, ConfigurableClass):
    """What the settings choose; only its class methods are used."""

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """What `dagster.yaml` may say."""
        return {"base_dir": Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(  # type: ignore[override]
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> DagsterStorage:
        """Open PostgreSQL, or the folder that `dagster.yaml` names, else the home."""
        address = load().dagster
        if address is None:
            return SqliteStorage.from_local(str(config_value.get("base_dir", os.environ["DAGSTER_HOME"])), inst_data)
        from dagster_postgres import DagsterPostgresStorage
        from dagster_postgres.utils import create_pg_engine

        storage = DagsterPostgresStorage(address)
        engine = create_pg_engine(
            address,
            isolation_level="AUTOCOMMIT",  # as Dagster's own has it
            pool_size=1,
            max_overflow=OVERFLOW,
            pool_pre_ping=True,  # a connection that a restart of the database cut is made anew
        )
        listen(engine, "do_connect", _Patience())
        parts: tuple[Any, ...] = (storage.run_storage, storage.event_log_storage, storage.schedule_storage)
        for kept in parts:
            kept._engine = engine  # Dagster's opens a connection, and logs in, for each event
        return storage


class _Patience:
    """Connects, also to a database that is started anew meanwhile.

    One that stays away is waited for once in all, whoever asks: each call of Dagster tries six times, and a run that
    ends for its database has many things to tell it.
    """

    def __init__(self) -> None:
        self._away_since: float | None = None

    def __call__(self, dialect: Any, _: Any, given: Any, named: Any) -> Any:
        """Return a connection. Raises `DatabaseGone`."""
        while True:
            try:
                connection = dialect.connect(*given, **named)
            except dialect.dbapi.OperationalError:
                self._away_since = self._away_since or time.monotonic()
                if time.monotonic() > self._away_since + AWAY_SECONDS:
                    raise DatabaseGone(
                        f"the database of the setting 'dagster' has not answered for {AWAY_SECONDS:.0f} seconds; "
                        "the same command goes on when it is back"
                    ) from None
                time.sleep(0.5)
            else:
                self._away_since = None
                return connection
