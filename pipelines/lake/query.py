"""SQL over the lake without a JVM: DuckDB on the files of one Delta version."""

from __future__ import annotations

import atexit
import datetime as dt
import difflib
import re
import weakref
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipelines.core.axis import Cut, cut

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from pipelines.core.table import Table

MAX_CANDIDATES = 4  # forms of a function that an error shows
LAYERS = ("bronze", "ops", "silver", "gold", "evaluation")
READING = ("SELECT", "EXPLAIN", "MULTI")  # kinds of statements that only read; a PIVOT is several of them

_rooms = count()
_starting = Lock()  # threads that ask at once share one engine


class QueryError(Exception):
    """The query can't be answered; the message says why in one sentence."""


def query(root: str, sql: str, as_of: str | None = None) -> pa.Table:
    """Answer one SQL statement over tables named `layer.table`; `as_of` shows the lake as known on that date.

    Raises `QueryError` for SQL that fails, a table that does not exist or has not been built, or one whose Delta
    features this reader does not honour.
    """
    import duckdb

    try:
        _only_reads(sql)
        connection = connect(root, sql, as_of)
        return connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise QueryError(_helpful(str(error))) from None


def _only_reads(sql: str) -> None:
    """Refuse what is no single reading statement; raises DuckDB's error for what is no SQL."""
    kinds = [statement.type.name for statement in _engine().cursor().extract_statements(sql)]
    if not kinds:
        raise QueryError("there is no statement to answer; type SELECT …")
    if refused := [kind for kind in kinds if kind not in READING]:
        raise QueryError(f"queries only read: {refused[0]} is refused")
    if len(kinds) > 1:
        raise QueryError(f"one statement at a time; {len(kinds)} were given")


def connect(
    root: str, sql: str, as_of: str | None = None, as_it_stands: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a view for each table that the SQL names, as `connected` makes it."""
    from pipelines.core.catalog import tables

    known = tables()
    return connected(root, [known[address] for address in _named(sql, known)], as_of, as_it_stands)


def connected(
    root: str, asked: Sequence[type[Table]], as_of: str | None = None, as_it_stands: Collection[str] = ()
) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection with a view for each of some tables; files outside are out of its reach.

    `as_it_stands` names derived tables whose rows say when they became known: they are not asked of a lake of the date,
    and whoever reads them leaves out what came later.
    """
    connection = _room()
    day = _date(as_of) if as_of else None
    for address, table in _with_wholes(asked, day).items():
        source = f"_{address.replace('.', '_')}"
        connection.register(source, _dataset(root, table, None if address in as_it_stands else day))
        connection.execute(f"CREATE VIEW {address} AS {_as_known(source, cut(table.axis, day))}")
    return connection


def _engine() -> duckdb.DuckDBPyConnection:
    """The engine of the process: to start one takes longer than most queries."""
    with _starting:
        return _started()


@cache
def _started() -> duckdb.DuckDBPyConnection:
    import duckdb

    engine = duckdb.connect()
    engine.execute("SET enable_external_access = false")
    atexit.register(_ended)
    return engine


def _ended() -> None:
    """Let the engine go before the interpreter does: it complains of what is left then."""
    _engine().close()
    _started.cache_clear()


def _room() -> duckdb.DuckDBPyConnection:
    """A connection with a database of its own, in memory and as long as the connection is held."""
    name = f"room_{next(_rooms)}"
    connection = _engine().cursor()
    connection.execute(f"ATTACH ':memory:' AS {name}")
    connection.execute(f"USE {name}")
    for layer in LAYERS:
        connection.execute(f"CREATE SCHEMA {layer}")
    weakref.finalize(connection, _left, name).atexit = False  # the engine goes whole then
    return connection


def _left(room: str) -> None:
    _engine().cursor().execute(f"DETACH {room}")


def _with_wholes(asked: Sequence[type[Table]], day: dt.date | None) -> dict[str, type[Table]]:
    """Tables by address, each after the one that it is a part of on the date."""
    found: dict[str, type[Table]] = {}
    for table in asked:
        if whole := cut(table.axis, day).whole:
            from pipelines.core.catalog import tables  # here: to look for all of them takes longer than to read one

            found |= _with_wholes([tables()[whole]], day)
        found[table.address()] = table
    return found


def _named(sql: str, known: Mapping[str, type[Table]]) -> list[str]:
    words = set(re.findall(rf"\b(?:{'|'.join(LAYERS)})\s*\.\s*\"?(\w+)", sql, re.IGNORECASE))
    return [address for address in known if address.split(".")[1] in {w.lower() for w in words}]


def _dataset(root: str, table: type[Table], day: dt.date | None) -> Any:
    from pyarrow import fs

    from pipelines.files.store import file_system
    from pipelines.lake.delta import at, needs_engine
    from pipelines.lake.opened import opened
    from pipelines.lake.read import damaged
    from pipelines.lake.seal import log_entries
    from pipelines.lake.verify import glance

    folder = f"{root}/as_of/{day}" if day and table.is_derived() else root
    folder = f"{folder}/{table.layer}/{table.name}"
    system, path = file_system(folder)
    if not log_entries(system, path):
        built = f"gerland run --as-of {day}" if day else "gerland run"
        raise QueryError(f"{table.address()} has not been built here yet; build it with `{built}`")
    if problem := glance(folder):
        raise QueryError(damaged(table.address(), problem))
    delta = opened(folder) or at(folder)
    if problem := needs_engine(table.address(), delta):
        raise QueryError(problem)
    # Arrow's own file system: Delta's reads through Python, and a query that stops early (LIMIT) leaves reads under
    # way that hang or crash the interpreter at its end.
    return delta.to_pyarrow_dataset(filesystem=fs.SubTreeFileSystem(path, system))


def _as_known(source: str, known: Cut) -> str:
    """Select over a table as it was on the date that its axis was compiled for."""
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in known.replaced.items())
    shown = f"* REPLACE ({replaced})" if replaced else "*"
    select = f"SELECT {shown} FROM {source} WHERE {known.where}"
    on = ", ".join(known.on)
    return f"{select} AND ({on}) IN (SELECT ({on}) FROM {known.whole})" if known.whole else select


def _date(text: str) -> dt.date:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise QueryError(f"{text!r} is no date YYYY-MM-DD")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise QueryError(f"{text!r} is no date of the calendar") from None


def _helpful(message: str) -> str:
    from pipelines.core.catalog import tables

    missing = re.search(r"Table with name (\w+)", message)
    if missing:
        near = difflib.get_close_matches(missing.group(1), [a.split(".")[1] for a in tables()], n=3, cutoff=0.5)
        listed = [a for a in tables() if a.split(".")[1] in near]
        hint = f"did you mean {' or '.join(listed)}?" if listed else "`gerland tables` lists them"
        return f"there is no table {missing.group(1)}; {hint}"
    return " ".join(_told(message))


def _told(message: str) -> list[str]:
    """Lines of the engine's message that help: what is wrong, near names, and where it stands in the SQL."""
    lines = [line.strip() for line in message.strip().splitlines()]
    kept = [line for line in lines if line and set(line) != {"^"}]
    functions = next((i for i, line in enumerate(kept) if line.startswith("Candidate functions")), None)
    return kept if functions is None else kept[: functions + 1 + MAX_CANDIDATES]
