"""Statements of a recipient's own, in a database that holds what its policy shows and nothing else.

Each statement has a database made for it. That reaches the files that were made of the tables that it names for the
recipient's policy (`sharing.made`): a statement that goes past the views to the files meets the same rows and columns.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.lake.query import LAYERS
from workbench import sharing
from workbench.lake import NAMED, OpenLake
from workbench.policy import Policy

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LONGEST = 100_000  # characters of a statement
PATIENCE_SECONDS = 120
MEMORY = "2GB"


class SqlError(Exception):
    """A statement can't be answered; the message says why and tells nothing of what is not shown."""


def schema(lake: OpenLake, policy: Policy, files: Path, statement: str) -> pa.Schema:
    """Columns of the answer to a statement. Raises `SqlError`."""
    with _database(lake, policy, files, statement) as (database, _):
        return database.sql(statement).limit(0).to_arrow_table().schema


def answer(lake: OpenLake, policy: Policy, files: Path, statement: str) -> tuple[pa.Table, dict[str, int]]:
    """The answer, and the version of each table that it names. Raises `SqlError`."""
    with _database(lake, policy, files, statement) as (database, versions):
        return database.sql(statement).to_arrow_table(), versions


@contextmanager
def _database(
    lake: OpenLake, policy: Policy, files: Path, statement: str
) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, int]]]:
    """A sealed database with the tables that a statement names, for `PATIENCE_SECONDS`."""
    import duckdb

    database = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    try:
        _must_be_a_question(database, statement)
        folder = files / f"{policy.identity}-{sharing.salted(policy)}"
        folder.mkdir(parents=True, exist_ok=True)
        versions, reached = {}, []
        for layer in LAYERS:
            database.execute(f"CREATE SCHEMA {layer}")
        known = set(sharing.shared(lake.edition(), policy))
        for address in sorted(known & set(NAMED.findall(statement.lower()))):
            file, reader = sharing.made(lake, policy, address, folder)
            reached.append(f"'{_plain(file)}'")
            database.execute(f"CREATE VIEW {address} AS SELECT * FROM read_parquet({reached[-1]})")
            versions[address] = reader.edition.versions[address].number
        for setting in (
            f"threads = {lake.threads}",
            f"memory_limit = '{MEMORY}'",
            "temp_directory = ''",
            f"allowed_paths = [{', '.join(reached)}]",
            "enable_external_access = false",
            "lock_configuration = true",
        ):
            database.execute(f"SET {setting}")
        waiting = threading.Timer(PATIENCE_SECONDS, database.interrupt)
        waiting.start()
        try:
            yield database, versions
        finally:
            waiting.cancel()
    except duckdb.InterruptException:
        raise SqlError(f"the statement took more than {PATIENCE_SECONDS} seconds") from None
    except (duckdb.IOException, duckdb.PermissionException):
        raise SqlError("a statement reads tables and no files") from None
    except duckdb.Error as error:
        raise SqlError(str(error).split("\n")[0]) from None
    finally:
        database.close()


def _must_be_a_question(database: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Refuse what is not one SELECT. Raises `SqlError`."""
    if len(statement) > LONGEST:
        raise SqlError("the statement is too long")
    found = database.execute("SELECT json_serialize_sql(?)", [statement]).fetchone()
    told: dict[str, Any] = json.loads(found[0]) if found else {"error": True}
    if told["error"]:
        raise SqlError(str(told.get("error_message", "the statement can't be read")))
    if len(told["statements"]) != 1:
        raise SqlError("one statement at a time")


def _plain(path: Path) -> str:
    return str(path).replace("'", "''")
