"""The lake as pages read it: DuckDB over the files of one version of each table, through the reader's policy.

Belongs here: which version stands, views of a policy, the one function that asks. Does not: SQL of a page, rights.
An `Edition` is a set of versions that never changes, so that all numbers of a page are of one state; when a table gets
a new version the next request gets a new edition, and requests under way end on theirs.
"""

from __future__ import annotations

import datetime as dt
import re
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from pipelines.core.addresses import is_store
from pipelines.core.catalog import tables
from pipelines.lake.query import LAYERS, QueryError
from workbench.held import Held, Listing, named
from workbench.policy import ROWS, Policy

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LOOK_EVERY_SECONDS = 2.0
MOST_ANSWERS, MOST_KEPT_ROWS = 512, 500
MOST_HELD_ROWS = 2_000_000  # of lists, some 150 bytes each; the longest unused go
MOST_PREPARED = 8  # lists that are read of a new version before pages are
MOST_ENGINES = 16  # one a policy and edition; the longest unused is let go
NAMED = re.compile(r"\b(?:bronze|silver|gold|evaluation)\.\w+")


class TableMissing(QueryError):
    """A page needs a table that has not been built; the message says how it is."""


@dataclass(frozen=True)
class Version:
    """One version of one table: its identity, when it was committed, and the files that it consists of."""

    address: str
    number: int
    committed: dt.datetime
    files: tuple[str, ...]
    lacking: tuple[str, ...] = ()  # declared columns that came with a later release than the one that built it

    def rows(self) -> str:
        """SQL of the rows as they lie."""
        table = tables()[self.address]
        if not self.files:
            none = ", ".join(f"NULL::{_type(c.type)} AS {name}" for name, c in table.columns.items())
            return f"(SELECT {none} WHERE false)"
        listed = ", ".join(_quoted(name) for name in self.files)
        types = ", ".join(f"'{key}': {_type(table.columns[key].type)}" for key in table.partitioned_by)
        hive = f", hive_partitioning = true, hive_types = {{{types}}}" if types else ", hive_partitioning = false"
        rows = f"read_parquet([{listed}]{hive}, union_by_name = true)"
        nulls = ", ".join(f"NULL::{_type(table.columns[name].type)} AS {name}" for name in self.lacking)
        return f"(SELECT *, {nulls} FROM {rows})" if nulls else rows


@dataclass(frozen=True)
class Edition:
    """The versions of all tables that pages read, at one moment; `refused` says why a table can't be."""

    versions: Mapping[str, Version]
    refused: Mapping[str, str]

    @cached_property
    def identity(self) -> tuple[tuple[str, int, dt.datetime] | None, ...]:
        """What tells editions apart: a table that was made anew may stand at a version that was there before."""
        return self.state_of(sorted(self.versions))

    def state_of(self, addresses: Collection[str]) -> tuple[tuple[str, int, dt.datetime] | None, ...]:
        """The identity of some tables alone, in their order; None for one that can't be read."""
        found = (self.versions.get(address) for address in addresses)
        return tuple((v.address, v.number, v.committed) if v else None for v in found)

    def rows_of(self, address: str) -> str:
        """SQL of a table's rows as they lie. Raises `TableMissing` where it has no version that may be read."""
        if address not in self.versions:
            raise TableMissing(self.refused.get(address, f"{address} has not been built here yet"))
        return self.versions[address].rows()


@dataclass(frozen=True)
class _Asked:
    """Rows that are held, and what was asked for them."""

    rows: Held
    policy: Policy
    listing: Listing
    given: Mapping[str, Any]


def named_answer(edition: Edition, policy: Policy, sql: str) -> tuple[Any, ...]:
    """What tells one answer from another: for whom, to what, and the versions of the tables that it is read from."""
    return policy.identity, policy.salt, _state(edition, policy, sql), sql


def _state(edition: Edition, policy: Policy, sql: str) -> tuple[Any, ...]:
    """Versions of the tables that a statement reads, by the views of a policy."""
    return edition.state_of(sorted({other for a in set(NAMED.findall(sql)) for other in _read(policy, a)}))


@lru_cache(maxsize=10_000)
def _read(policy: Policy, address: str) -> frozenset[str]:
    """Tables that a policy's view of one reads: others may say whose a row is."""
    found: set[str] = set()

    def noted(other: str) -> str:
        found.add(other)
        return other

    with suppress(PermissionError, KeyError):  # whoever asks for it is told
        policy.relation(tables()[address], noted)
    return frozenset(found)


class OpenLake:
    """The lake in a folder, kept open for all requests."""

    def __init__(self, root: str, threads: int = 2):
        """Open the lake; nothing is read yet. `threads` are those of one query.

        Raises `QueryError` for a lake that is in no folder of this machine.
        """
        if is_store(root):
            raise QueryError(
                "the workbench reads a lake in a folder of this machine; mount the store, or copy the lake"
            )
        self.root, self.threads = root, threads
        self._lock, self._looking = threading.Lock(), threading.Lock()
        self._busy: dict[tuple[Any, ...], threading.Lock] = {}
        self._looked = 0.0
        self._stamps: dict[str, str] = {}
        self._edition = Edition({}, {})
        self._answers: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        self._engines: dict[tuple[str, Any], duckdb.DuckDBPyConnection] = {}
        self._held: dict[tuple[Any, ...], _Asked] = {}

    def edition(self) -> Edition:
        """The tables as they stand, looked at every `LOOK_EVERY_SECONDS`."""
        if time.monotonic() - self._looked >= LOOK_EVERY_SECONDS and self._looking.acquire(blocking=not self._looked):
            try:  # one looks; meanwhile the others go on with what stood
                if time.monotonic() - self._looked >= LOOK_EVERY_SECONDS:
                    self._look()
                    self._looked = time.monotonic()
            finally:
                self._looking.release()
        return self._edition

    def forget(self) -> None:
        """Look again at the next request: files of a version have gone."""
        with self._looking, self._lock:
            self._looked = 0.0
            self._stamps.clear()
            self._engines.clear()

    @contextmanager
    def alone(self, name: tuple[Any, ...]) -> Iterator[None]:
        """Have one work out what many ask for at once, as when a table was replaced; the others wait for it."""
        with self._lock:
            mine = self._busy.setdefault(name, threading.Lock())
        try:
            with mine:
                yield
        finally:
            with self._lock:
                self._busy.pop(name, None)

    def _look(self) -> None:
        versions, refused = dict(self._edition.versions), dict(self._edition.refused)
        is_changed = False
        for address in ROWS:
            stamp = _stamp(f"{self.root}/{address.replace('.', '/')}")
            if stamp == self._stamps.get(address):
                continue
            is_changed, self._stamps[address] = True, stamp
            versions.pop(address, None)
            refused.pop(address, None)
            try:
                versions[address] = _version(self.root, address)
            except QueryError as error:
                refused[address] = str(error)
        if is_changed:
            self._edition = self._prepared(Edition(versions, refused))

    def _prepared(self, following: Edition) -> Edition:
        """The next edition, with the lists that were asked last in memory already: others still read the one before."""
        import duckdb

        with self._lock:
            last = [
                each
                for name, each in self._held.items()
                if name == named_answer(self._edition, each.policy, with_values(each.listing.held, each.given))
            ]
        for each in last[-MOST_PREPARED:]:
            with suppress(QueryError, duckdb.Error):  # whoever asks for it is told why
                held = self.held(following, each.policy, each.listing, each.given)
                held.prepare(self.engine(following, each.policy), each.rows)
        return following

    def remembered(self, name: tuple[Any, ...]) -> list[dict[str, Any]] | None:
        """An answer that was given before; rows are the caller's own."""
        with self._lock:
            found = self._answers.get(name)
        return [dict(row) for row in found] if found is not None else None

    def remember(self, name: tuple[Any, ...], rows: list[dict[str, Any]]) -> None:
        """Keep a short answer; `name` says of which edition, for which policy, to what."""
        if len(rows) > MOST_KEPT_ROWS:
            return
        with self._lock:
            self._answers[name] = [dict(row) for row in rows]
            while len(self._answers) > MOST_ANSWERS:
                self._answers.pop(next(iter(self._answers)))

    def engine(self, edition: Edition, policy: Policy) -> duckdb.DuckDBPyConnection:
        """A cursor on the sealed database of a policy in which each table that it may see is a view."""
        name = (policy.identity, edition.identity)
        with self._lock:
            found = self._engines.pop(name, None) or sealed(self.root, edition, policy, self.threads)
            self._engines[name] = found
            while len(self._engines) > MOST_ENGINES:
                self._engines.pop(next(iter(self._engines)))
            return found.cursor()

    def held(self, edition: Edition, policy: Policy, listing: Listing, given: Mapping[str, Any]) -> Held:
        """The rows that a list is of, as a policy shows them; read where they are not in memory."""
        name = named_answer(edition, policy, with_values(listing.held, given))
        if (found := self._held_already(name)) is not None:
            return found
        with self.alone(name):
            if (found := self._held_already(name)) is None:
                engine = self.engine(edition, policy)
                rows = engine.sql(listing.held, params=named(listing.held, given)).to_arrow_table()
                found = Held(rows, len(listing.needed.split(",")))
                with self._lock:
                    self._held[name] = _Asked(found, policy, listing, given)
                    while len(self._held) > 1 and sum(len(e.rows) for e in self._held.values()) > MOST_HELD_ROWS:
                        self._held.pop(next(iter(self._held)))
        return found

    def _held_already(self, name: tuple[Any, ...]) -> Held | None:
        with self._lock:
            if (found := self._held.pop(name, None)) is not None:
                self._held[name] = found
            return found.rows if found else None


def sealed(root: str, edition: Edition, policy: Policy, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A database with a view of each table that the policy allows; it reaches no file outside of the lake."""
    import duckdb

    database = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    database.execute(f"SET threads = {threads}")
    database.execute("SET GLOBAL parquet_metadata_cache = true")  # of cursors too, each a session of its own
    for layer in LAYERS:
        database.execute(f"CREATE SCHEMA {layer}")
    for address in edition.versions:
        if policy.allows(address):
            database.execute(f"CREATE VIEW {address} AS {policy.relation(tables()[address], edition.rows_of)}")
    database.execute(f"SET allowed_directories = [{_quoted(root)}]")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


class Reader:
    """What one request reads: one edition, one policy; keeps what was asked, for the page and the audit."""

    def __init__(self, lake: OpenLake, policy: Policy):
        """Begin with the tables as they stand."""
        self.lake, self.policy, self.edition = lake, policy, lake.edition()
        self.asked: list[tuple[str, str]] = []  # title, SQL that can be run elsewhere
        self._named: set[str] = set()

    def has(self, address: str) -> bool:
        """Tell whether a table has been built and may be seen."""
        return address in self.edition.versions and self.policy.allows(address)

    def rows(self, sql: str, given: Mapping[str, Any] | None = None, title: str = "") -> list[dict[str, Any]]:
        """Rows of an answer; `$name` in the SQL stands for a value of `given`. A `title` has the page show the query.

        Raises `TableMissing` where a table that it names is not built or not the reader's to see.
        """
        with self._asking(sql, given, title) as used:
            name = named_answer(self.edition, self.policy, self.asked[-1][1])
            if (known := self.lake.remembered(name)) is not None:
                return known
            with self.lake.alone(name):
                if (known := self.lake.remembered(name)) is not None:
                    return known
                cursor = self.lake.engine(self.edition, self.policy).execute(sql, used)
                names = [column[0] for column in cursor.description or ()]
                found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                self.lake.remember(name, found)
        return found

    def table(self, sql: str, given: Mapping[str, Any] | None = None) -> pa.Table:
        """The same as an Arrow table, for what leaves as a file."""
        with self._asking(sql, given, "") as used:
            return self.lake.engine(self.edition, self.policy).sql(sql, params=used).to_arrow_table()

    def listed(
        self, listing: Listing, given: Mapping[str, Any], first: int, most: int, title: str = ""
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many rows a list has, and `most` of them from the place `first` on; noted as the queries that say so."""
        page = listing.page(first, most)
        with self._asking(listing.count, given, ""), self._asking(page, given, title):
            held = self.lake.held(self.edition, self.policy, listing, given)
            state = _state(self.edition, self.policy, listing.where)  # a filter may look into other tables
            return held.page(self.lake.engine(self.edition, self.policy), listing, given, first, most, state)

    @contextmanager
    def _asking(self, sql: str, given: Mapping[str, Any] | None, title: str) -> Iterator[dict[str, Any]]:
        """Refuse what may not be asked, and note what is."""
        import duckdb

        for address in NAMED.findall(sql):
            if not self.has(address):
                raise TableMissing(self.edition.refused.get(address, f"{address} has not been built here yet"))
        used = named(sql, given or {})
        self.asked.append((title, with_values(sql, used)))
        self._named |= set(NAMED.findall(sql))
        try:
            yield used
        except duckdb.IOException:
            self.lake.forget()
            raise

    @property
    def shown(self) -> list[tuple[str, str]]:
        """Title and SQL of what a page shows of what was asked."""
        return [(title, sql) for title, sql in self.asked if title]

    def versions(self) -> dict[str, int]:
        """Version of each table that was asked so far."""
        return {a: self.edition.versions[a].number for a in sorted(self._named)}


def with_values(sql: str, given: Mapping[str, Any]) -> str:
    """SQL with its values written in, to be run elsewhere."""
    return re.sub(r"\$(\w+)", lambda m: literal(given[m[1]]) if m[1] in given else m[0], sql)


def literal(value: Any) -> str:
    """A value as SQL writes it."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    return _quoted(str(value))


def _version(root: str, address: str) -> Version:
    """The version of a table that stands.

    Raises `QueryError` for one that is not built, is damaged, or whose Delta features DuckDB does not honour: files of
    deletion vectors or mapped columns hold rows that the table no longer has.
    """

    from pipelines.lake.delta import at, files_of, names_of, needs_engine
    from pipelines.lake.read import damaged
    from pipelines.lake.verify import glance

    folder = f"{root}/{address.replace('.', '/')}"
    if not _stamp(folder):
        raise QueryError(f"{address} has not been built here yet; build it with `gerland run`")
    if problem := glance(folder):
        raise QueryError(damaged(address, problem))
    delta = at(folder)
    if problem := needs_engine(address, delta):
        raise QueryError(problem)
    committed = dt.datetime.fromtimestamp(delta.history(1)[0]["timestamp"] / 1000, dt.UTC)
    files = tuple(sorted(f"{folder}/{name}" for name in names_of(files_of(delta))))
    held = {field.name for field in delta.schema().fields}
    lacking = tuple(name for name in tables()[address].columns if name not in held)
    return Version(address, delta.version(), committed, files, lacking)


def _stamp(folder: str) -> str:
    """Last entry of a table's log; empty where there is none."""
    from pipelines.files.store import file_system
    from pipelines.lake.seal import log_entries

    system, path = file_system(folder)
    entries = [name for name in log_entries(system, path) if name.endswith(".json")]
    return max(entries, default="")


def _type(declared: str) -> str:
    return {"string": "VARCHAR", "int": "INTEGER", "array<string>": "VARCHAR[]", "array<int>": "INTEGER[]"}.get(
        declared, declared.upper()
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
