"""Who saw and did what, in a chain: each row carries the hash of itself and the one before.

A row that is changed, taken out or put elsewhere breaks the chain. A chain whose end was cut off, or that was written
anew as a whole, is whole in itself: that is why its head is published each day where others keep it (`published`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipelines.settings import Settings
from workbench.store import Store, audit, now

NOTHING = "0" * 64
SAID = [c.name for c in audit.columns if c.name != "hash"]
LAST = sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


@dataclass(frozen=True)
class Entry:
    """One thing that somebody saw or did."""

    who: str
    role: str
    agencies: str
    purpose: str
    act: str
    object: str
    versions: str = "{}"
    query: str = ""
    result: str = ""


@dataclass(frozen=True)
class Head:
    """Where a chain ends."""

    seq: int
    hash: str
    at: str = ""


def append(connection: sa.Connection, entry: Entry) -> int:
    """Add a row within a transaction that alone may write (`Store.writing`), and return its number."""
    return append_all(connection, [entry])[0]


def append_all(connection: sa.Connection, entries: Sequence[Entry]) -> list[int]:
    """As `append`, of several rows in their order."""
    last = connection.execute(LAST).one_or_none()
    seq, previous = (last.seq, last.hash) if last else (0, NOTHING)
    rows: list[dict[str, Any]] = []
    for place, entry in enumerate(entries, seq + 1):
        row = {"seq": place, "at": now(), **vars(entry), "previous": previous}
        previous = hash_of(row)
        rows.append({**row, "hash": previous})
    connection.execute(audit.insert(), rows)
    return [row["seq"] for row in rows]


def record(store: Store, entry: Entry) -> int:
    """Add a row, and return its number: it is on the disk by then."""
    return store.together(entry, append_all)


def hash_of(row: Mapping[str, Any]) -> str:
    """SHA-256 of all that a row says, the hash of the row before among it."""
    said = json.dumps([row[name] for name in SAID], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(said.encode()).hexdigest()


def verify(store: Store, heads: Iterator[Head] | None = None) -> list[str]:
    """Say what is wrong with the chain, in words; nothing where all rows are as they were written.

    `heads` are those published: each must stand in the chain.
    """
    problems, previous, expected = [], NOTHING, 1
    hashes: dict[int, str] = {}
    with store.reading() as connection:
        for row in connection.execute(sa.select(audit).order_by(audit.c.seq)).mappings():
            if row["seq"] != expected:
                problems.append(f"rows {expected} to {row['seq'] - 1} are missing")
            if hash_of(dict(row)) != row["hash"]:
                problems.append(f"row {row['seq']} is not as it was written")
            elif row["previous"] != previous and row["seq"] == expected:
                problems.append(f"row {row['seq']} does not follow the row before it")
            previous, expected = row["hash"], row["seq"] + 1
            hashes[row["seq"]] = row["hash"]
    for head in heads or ():
        if head.seq not in hashes:
            problems.append(f"the chain was cut: row {head.seq} was published on {head.at[:10]} and is not there")
        elif hashes[head.seq] != head.hash:
            problems.append(f"row {head.seq} is not the one that was published on {head.at[:10]}")
    return problems


def head(store: Store) -> Head:
    """Where the chain ends; row 0 of an empty one."""
    with store.reading() as connection:
        row = connection.execute(
            sa.select(audit.c.seq, audit.c.hash, audit.c.at).order_by(audit.c.seq.desc()).limit(1)
        ).one_or_none()
    return Head(row.seq, row.hash, row.at) if row else Head(0, NOTHING)


def publish(store: Store, file: Path) -> Head | None:
    """Write the head of the chain to a file that others keep, once a day; None where today's stands there."""
    found = head(store)
    if found.seq == 0 or any(kept.at[:10] == now()[:10] for kept in published(file)):
        return None
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(f"{now()}\t{found.seq}\t{found.hash}\n")
    return found


def published(file: Path) -> Iterator[Head]:
    """Heads that a file holds; none where there is no file. Raises ValueError for a line that is none."""
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        at, seq, value = line.split("\t")
        yield Head(int(seq), value, at)


def command(settings: Settings, act: str, heads: Path | None, say: Callable[[str], None]) -> list[str]:
    """`gerland audit verify` and `head`: say what was found, and return what is wrong."""
    from workbench.serve import heads_of

    if act not in ("verify", "head"):
        return [f"there is no {act!r}; say verify or head"]
    store, file = Store(settings.workbench), heads or heads_of(settings)
    last = head(store)
    if act == "head":
        say(f"{last.seq}\t{last.hash}")
        return []
    try:
        kept = list(published(file))
    except ValueError:
        return [f"{file} is no file of published heads"]
    problems = verify(store, iter(kept))
    if not problems:
        say(f"{last.seq} rows, each as it was written and in its place; {len(kept)} published heads stand among them")
    return problems
