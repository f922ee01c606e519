"""Where Dagster keeps runs, events and schedules: PostgreSQL where the setting `dagster` names one, else its home.

`dagster_home/dagster.yaml` names this, and stays the same on every machine. The address is in no configuration that
Dagster hands from process to process, nor in a file: each process reads it with the settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from dagster import Field, StringSource
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import EventLogStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData

from pipelines.orchestration.event_log import KeptSqliteEventLogStorage
from pipelines.settings import load

RECYCLED_SECONDS, OVERFLOW = 300, 20  # age at which a connection is made anew; how many more than one there may be


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

        storage = DagsterPostgresStorage(address)
        for kept in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
            # As Dagster's page has it: else each event opens a connection and logs in.
            kept.optimize_for_webserver(statement_timeout=0, pool_recycle=RECYCLED_SECONDS, max_overflow=OVERFLOW)
        return storage
