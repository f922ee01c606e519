"""Who is there: users, the four of the demonstration among them, and sessions.

The demonstration log-in asks for no password. It is there only where no identity provider is set (`identity`), and on a
lake that holds simulated files and nothing else (`is_simulated`); on any other the workbench lets nobody in by it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from workbench import audit
from workbench.lake import OpenLake
from workbench.policy import PURPOSES, ROLES, Policy
from workbench.store import Store, now, session

IDLE = dt.timedelta(minutes=60)
LONGEST = dt.timedelta(hours=10)
_EARLIER = session.alias()
STANDING = sa.select(  # a session, with when its user had logged in before
    session,
    sa.select(sa.func.max(_EARLIER.c.begun))
    .where(_EARLIER.c.user == session.c.user, _EARLIER.c.begun < session.c.begun)
    .scalar_subquery()
    .label("last"),
).where(session.c.token == sa.bindparam("held"))
KEPT_STATUSES = ("accepted", "again", "begun")


@dataclass(frozen=True)
class User:
    """Somebody who may log in; `provider` names who says so, empty for a demonstration user."""

    name: str
    title: str
    agencies: tuple[str, ...]
    role: str
    provider: str = ""


DEMONSTRATION = {
    user.name: user
    for user in (
        User("claire", "Claire Martin", ("ANSM",), "assessor"),
        User("marc", "Marc Petit", ("ANSES",), "assessor"),
        User("ines", "Inès Roux", ("ANSM", "ANSES"), "assessor"),
        User("yann", "Yann Le Goff", ("ANSM", "ANSES"), "epidemiologist"),
    )
}


@dataclass(frozen=True)
class Session:
    """One log-in: who, for what purpose, with the token that forms of this session carry."""

    user: User
    purpose: str
    csrf: str
    token: str  # hash of what the browser holds
    last_login: str = ""

    def policy(self, salt: str) -> Policy:
        """What the session may see."""
        return Policy(self.user.agencies, ROLES[self.user.role], self.purpose, salt)

    def entry(self, act: str, what: str, **said: str) -> audit.Entry:
        """A row of the audit in this session's name."""
        agencies = "+".join(self.user.agencies)
        return audit.Entry(self.user.name, self.user.role, agencies, self.purpose, act, what, **said)


def is_simulated(lake: str, landing: str) -> bool:
    """Tell whether every file that the lake was made of is one that the simulator wrote, by its content.

    The list of what it wrote lies in the landing zone. False as well where either can't be read.
    """
    from pipelines.intake.simulated import simulated
    from pipelines.lake.query import QueryError, query

    try:
        known = simulated(landing)
        listed = ", ".join(f"'{s}'" for s in KEPT_STATUSES)
        held = query(lake, f"SELECT DISTINCT sha256 FROM bronze.delivery WHERE status IN ({listed})")
    except (QueryError, OSError):
        return False
    hashes = set(held.column("sha256").to_pylist())
    return bool(hashes) and hashes <= known


class Simulated:
    """Whether a lake is of simulated files alone, asked again whenever something was delivered."""

    def __init__(self, lake: OpenLake, landing: str):
        """Of a lake, and the landing zone that its files came from."""
        self.lake, self.landing = lake, landing
        self._known: tuple[int, bool] = (-1, False)

    def __call__(self) -> bool:
        """Tell it of the lake as it stands."""
        version = self.lake.edition().versions.get("bronze.delivery")
        if version is None:
            return False
        if version.number != self._known[0]:
            self._known = (version.number, is_simulated(self.lake.root, self.landing))
        return self._known[1]


def begin(store: Store, user: User, purpose: str) -> str:
    """Begin a session, and return what the browser is to hold. Raises ValueError for a purpose not of the list."""
    if purpose not in PURPOSES:
        raise ValueError("the purpose is none of the list")
    secret, csrf, at = secrets.token_urlsafe(32), secrets.token_urlsafe(24), now()
    row = {"token": _hash(secret), "user": user.name, "purpose": purpose, "csrf": csrf, "begun": at, "seen": at}
    row |= {"title": user.title, "agencies": "+".join(user.agencies), "role": user.role, "provider": user.provider}
    with store.writing() as connection:
        connection.execute(session.insert().values(**row))
        audit.append(connection, Session(user, purpose, csrf, row["token"]).entry("login", "session"))
    return secret


def person_of(row: Mapping[str, Any]) -> User | None:
    """Whose session a row of the store is; None where there is no such demonstration user any more."""
    if not row["provider"]:
        return DEMONSTRATION.get(row["user"])
    return User(row["user"], row["title"], tuple(row["agencies"].split("+")), row["role"], row["provider"])


def titles(store: Store) -> dict[str, str]:
    """Name by which pages call each user of an identity provider, as the provider last said it."""
    wanted = sa.select(session.c.user, session.c.title).where(session.c.provider != "").order_by(session.c.begun)
    with store.reading() as connection:
        return {row.user: row.title for row in connection.execute(wanted)}


def current(store: Store, secret: str | None) -> Session | None:
    """The session of what a browser holds; None where there is none, or it has ended, by itself or by its time."""
    if not secret or len(secret) > 100:
        return None
    with store.reading() as connection:
        row = connection.execute(STANDING, {"held": _hash(secret)}).mappings().one_or_none()
    user = person_of(dict(row)) if row is not None and not row["ended"] else None
    if row is None or user is None:
        return None
    moment = dt.datetime.now(dt.UTC)
    seen, begun = (dt.datetime.fromisoformat(row[c]) for c in ("seen", "begun"))
    if moment - seen > IDLE or moment - begun > LONGEST:
        return None
    if moment - seen > IDLE / 20:
        with store.writing() as connection:
            connection.execute(session.update().where(session.c.token == row["token"]).values(seen=now()))
    return Session(user, row["purpose"], row["csrf"], row["token"], row["last"] or "")


def end(store: Store, ending: Session) -> None:
    """End a session: what the browser holds opens nothing from now on."""
    with store.writing() as connection:
        connection.execute(session.update().where(session.c.token == ending.token).values(ended=now()))
        audit.append(connection, ending.entry("logout", "session"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
