"""What people write: sessions, decisions, audit. SQLite in WAL, or PostgreSQL, by the address of the settings.

Rows of `KEPT_AS_WRITTEN` are added, never changed: the database itself refuses.
"""

from __future__ import annotations

import datetime as dt
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Column, Integer, String, Table, Text

from pipelines.core.addresses import because, shown

metadata = sa.MetaData()
T = TypeVar("T")

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("role", String(40), nullable=False),
    Column("agencies", String(80), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("act", String(40), nullable=False),
    Column("object", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("result", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)
session = Table(
    "session",
    metadata,
    Column("token", String(64), primary_key=True),  # SHA-256 of what the browser holds
    Column("user", String(200), nullable=False),
    Column("title", String(200), nullable=False),
    Column("agencies", String(80), nullable=False),
    Column("role", String(40), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("begun", String(32), nullable=False),
    Column("seen", String(32), nullable=False),
    Column("ended", String(32)),
)
pending = Table(  # log-ins that wait for their identity provider
    "pending",
    metadata,
    Column("state", String(64), primary_key=True),  # SHA-256, as is that of what the browser holds
    Column("browser", String(64), nullable=False),
    Column("provider", String(40), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(64), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("place", Text, nullable=False),
    Column("begun", String(32), nullable=False),
)
decision = Table(
    "decision",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("population", String(120), nullable=False),
    Column("substance_key", String(400), nullable=False),
    Column("term_key", String(400), nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("verdict", String(40), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("stage", String(40), nullable=False),
    Column("due", String(10)),
    Column("snapshot", Text, nullable=False),
    Column("supersedes", Integer),
    Column("audit_seq", Integer, nullable=False),
    sa.Index("decision_pair", "population", "substance_key", "term_key"),
    sa.UniqueConstraint("supersedes"),
)
reading = Table(
    "reading",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("decision_id", Integer, sa.ForeignKey("decision.id"), nullable=False, unique=True),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("agrees", sa.Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("audit_seq", Integer, nullable=False),
)
link_verdict = Table(
    "link_verdict",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("report_key", String(400), nullable=False),
    Column("other_report_key", String(400), nullable=False),
    Column("domain", String(40), nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("verdict", String(40), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("text", Text, nullable=False),
    Column("audit_seq", Integer, nullable=False),
    sa.Index("link_verdict_pair", "report_key", "other_report_key"),
)
release = Table(
    "release",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("population", String(120), nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("profile", String(40), nullable=False),
    Column("measure", String(40), nullable=False),
    Column("selection", Text, nullable=False),
    Column("dimensions", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("audit_seq", Integer, nullable=False),
)
release_check = Table(
    "release_check",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("release_id", Integer, sa.ForeignKey("release.id"), nullable=False),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("agrees", sa.Boolean, nullable=False),
    Column("text", Text, nullable=False),
    Column("audit_seq", Integer, nullable=False),
    sa.UniqueConstraint("release_id", "who"),
)
watch = Table(
    "watch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("who", String(200), nullable=False),
    Column("agencies", String(80), nullable=False),  # those that its keeper read for
    Column("title", String(200), nullable=False),
    Column("place", Text, nullable=False),
    Column("is_shared", sa.Boolean, nullable=False),
    Column("ended", String(32)),
    Column("audit_seq", Integer, nullable=False),
)
watch_seen = Table(
    "watch_seen",
    metadata,
    Column("watch_id", Integer, sa.ForeignKey("watch.id"), primary_key=True),
    Column("who", String(200), primary_key=True),
    Column("at", String(32), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
)
recipient = Table(  # machines that shares are for
    "recipient",
    metadata,
    Column("token", String(64), primary_key=True),  # SHA-256 of what the recipient holds
    Column("name", String(40), nullable=False),
    Column("agencies", String(80), nullable=False),
    Column("purpose", String(40), nullable=False),
    Column("begun", String(32), nullable=False),
    Column("ends", String(32), nullable=False),
    Column("revoked", String(32)),
)
secret = Table("secret", metadata, Column("name", String(40), primary_key=True), Column("value", String(64)))
PASSING = (session, pending)  # of an earlier release they are made anew: who is there logs in again
MAKING = 7_102_026  # number of PostgreSQL's lock under which tables are made
KEPT_AS_WRITTEN = (audit, decision, reading, link_verdict, release, release_check)


class StoreError(Exception):
    """The store of the workbench can't be used; the message says why."""


class Store:
    """The write side, for all threads."""

    def __init__(self, address: str):
        """Open the store at an address of SQLAlchemy and make what is missing. Raises `StoreError`."""
        try:
            url = sa.make_url(address)
            self.is_sqlite = url.get_backend_name() == "sqlite"
            if self.is_sqlite and url.database not in (None, "", ":memory:"):
                Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
            self.engine = sa.create_engine(url, connect_args={"timeout": 30} if self.is_sqlite else {})
            if self.is_sqlite:
                sa.event.listen(self.engine, "connect", _sqlite)
            with self._making() as connection:
                self._renew(connection)
                metadata.create_all(connection)
                self._refuse_changes(connection)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the store {shown(address)} can't be opened: {because(error)}") from error
        self._writing, self._turn, self._queue_lock = threading.Lock(), threading.Lock(), threading.Lock()
        self._queue: list[_Waiting] = []
        self.salt, self.signing = self._secret("salt"), self._secret("signing")

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that reads."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction that alone may write: what it reads first stays so until it ends."""
        with self._writing, self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.text("LOCK TABLE audit IN EXCLUSIVE MODE"))
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    def together(self, what: T, write: Callable[[sa.Connection, Sequence[T]], Sequence[int]]) -> int:
        """Write something, and return the number that `write` gives it; what many wait to write is one transaction.

        A commit waits for the disk, and only one writes at a time: a row a page would have pages wait for each other.
        Raises what the transaction did, for each that was of it.
        """
        mine = _Waiting(what)
        with self._queue_lock:
            self._queue.append(mine)
        with self._turn:
            if not mine.is_done:
                with self._queue_lock:
                    taken, self._queue = self._queue, []
                try:
                    with self.writing() as connection:
                        numbers = write(connection, [each.what for each in taken])
                    for each, number in zip(taken, numbers, strict=True):
                        each.number = number
                except BaseException as error:
                    for each in taken:
                        each.error = error
                for each in taken:
                    each.is_done = True
        if mine.error is not None:
            raise mine.error
        return mine.number

    def _secret(self, name: str) -> str:
        with self.writing() as connection:
            found = connection.execute(sa.select(secret.c.value).where(secret.c.name == name)).scalar()
            if found is None:
                found = secrets.token_hex(16)
                connection.execute(secret.insert().values(name=name, value=found))
        return str(found)

    @contextmanager
    def _making(self) -> Iterator[sa.Connection]:
        """One transaction in which this process alone, of several that start at once, makes what is missing."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MAKING)))
            yield connection
            connection.commit()

    def _renew(self, connection: sa.Connection) -> None:
        """Drop tables of what passes whose columns are not those of this release."""
        known = sa.inspect(connection)
        for table in PASSING:
            if known.has_table(table.name):
                held = {column["name"] for column in known.get_columns(table.name)}
                if held != {column.name for column in table.columns}:
                    table.drop(connection)

    def _refuse_changes(self, connection: sa.Connection) -> None:
        """Have the database refuse to change or take away what is to stay."""
        if not self.is_sqlite:
            connection.execute(
                sa.text(
                    "CREATE OR REPLACE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE EXCEPTION 'rows of % stay as they are', TG_TABLE_NAME; END $$"
                )
            )
        for table in KEPT_AS_WRITTEN:
            for act in ("UPDATE", "DELETE"):
                name = f"{table.name}_{act.lower()}"
                if self.is_sqlite:
                    connection.exec_driver_sql(
                        f"CREATE TRIGGER IF NOT EXISTS {name} BEFORE {act} ON {table.name} "
                        f"BEGIN SELECT RAISE(ABORT, 'rows of {table.name} stay as they are'); END"
                    )
                else:
                    connection.exec_driver_sql(
                        f"CREATE OR REPLACE TRIGGER {name} BEFORE {act} ON {table.name} "
                        "FOR EACH ROW EXECUTE FUNCTION kept()"
                    )


@dataclass(eq=False)
class _Waiting:
    """Something that waits to be written, and what came of it."""

    what: Any
    number: int = 0
    error: BaseException | None = None
    is_done: bool = False


def now() -> str:
    """The moment, in UTC, as it is written everywhere here."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


def _sqlite(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
