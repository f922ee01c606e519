"""Watches: an address of the ranking or of a pair, kept, with what it showed when somebody last looked.

What changed is worked out when it is asked, by the right that its reader has then: a watch keeps an address, and hands
nobody anything. What was seen is kept for each reader; looking changes nothing, saying that one has seen it does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import sqlalchemy as sa

from workbench import audit
from workbench.asked import Asked, BadAddress
from workbench.policy import Policy
from workbench.store import Store, now, watch, watch_seen

MOST_PAIRS = 500  # that a watch may be of
MOST_WATCHES = 30  # that somebody may have
LEAST_TITLE, MOST_TITLE = 3, 120
SHOWN = ("a", "raised")  # what of a pair counts as a change
Pairs = Mapping[str, Mapping[str, Any]]  # by substance and event: names and numbers of each pair


class TooMany(Exception):
    """There are more watches than somebody may have."""


@dataclass(frozen=True)
class Change:
    """What is no longer as it was seen: pairs that came, that left, and those whose numbers are others, each twice."""

    came: list[Mapping[str, Any]]
    left: list[Mapping[str, Any]]
    other: list[tuple[Mapping[str, Any], Mapping[str, Any]]]

    def __bool__(self) -> bool:
        """Tell whether anything is."""
        return bool(self.came or self.left or self.other)


def change(seen: Pairs, stands: Pairs) -> Change:
    """Compare what was seen with what stands."""
    return Change(
        [pair for key, pair in stands.items() if key not in seen],
        [pair for key, pair in seen.items() if key not in stands],
        [
            (seen[key], pair)
            for key, pair in stands.items()
            if key in seen and any(pair[name] != seen[key][name] for name in SHOWN)
        ],
    )


def asked(place: str) -> tuple[str, Asked]:
    """Path and values of an address that was kept. Raises `BadAddress` for none of these pages."""
    parts = urlsplit(place)
    if parts.path not in ("/signals", "/signal") or parts.netloc or len(place) > 4_000:
        raise BadAddress("place")
    return parts.path, Asked(dict(parse_qsl(parts.query)))


def of_reader(store: Store, policy: Policy, who: str) -> list[dict[str, Any]]:
    """Watches of one's own, and those that others share who read for no other agency; each with what one last saw."""
    wanted = (
        sa.select(watch, watch_seen.c.at.label("seen_at"), watch_seen.c.version, watch_seen.c.content)
        .outerjoin(watch_seen, sa.and_(watch_seen.c.watch_id == watch.c.id, watch_seen.c.who == who))
        .where(watch.c.ended.is_(None), sa.or_(watch.c.who == who, watch.c.is_shared))
        .order_by(watch.c.id)
    )
    with store.reading() as connection:
        found = [dict(row) for row in connection.execute(wanted).mappings()]
    mine = set(policy.agencies)
    return [
        row | {"content": json.loads(row["content"]) if row["content"] else None, "is_own": row["who"] == who}
        for row in found
        if set(row["agencies"].split("+")) <= mine
    ]


def begin(store: Store, entry: audit.Entry, title: str, place: str, is_shared: bool, seen: Mapping[str, Any]) -> int:
    """Keep a watch, with what it shows now (see `see`), and return its number. Raises `TooMany`."""
    standing = sa.select(sa.func.count()).where(watch.c.who == entry.who, watch.c.ended.is_(None))
    with store.writing() as connection:
        if connection.execute(standing).scalar_one() >= MOST_WATCHES:
            raise TooMany
        seq = audit.append(connection, entry)
        row: dict[str, Any] = {"at": now(), "who": entry.who, "agencies": entry.agencies}
        row |= {"title": title, "place": place, "is_shared": is_shared, "audit_seq": seq}
        number = int(connection.execute(watch.insert().values(**row).returning(watch.c.id)).scalar_one())
        connection.execute(watch_seen.insert().values(watch_id=number, who=entry.who, at=now(), **seen))
    return number


def see(store: Store, entry: audit.Entry, number: int, seen: Mapping[str, Any]) -> None:
    """Keep what somebody has seen: `version` of the table, and `content`, the pairs as `kept` writes them."""
    same = (watch_seen.c.watch_id == number, watch_seen.c.who == entry.who)
    with store.writing() as connection:
        audit.append(connection, entry)
        connection.execute(watch_seen.delete().where(*same))
        connection.execute(watch_seen.insert().values(watch_id=number, who=entry.who, at=now(), **seen))


def end(store: Store, entry: audit.Entry, number: int) -> None:
    """End a watch of one's own."""
    with store.writing() as connection:
        audit.append(connection, entry)
        own = (watch.c.id == number, watch.c.who == entry.who, watch.c.ended.is_(None))
        connection.execute(watch.update().where(*own).values(ended=now()))


def kept(pairs: Pairs) -> str:
    """Pairs as they are kept."""
    return json.dumps(pairs, default=str)
