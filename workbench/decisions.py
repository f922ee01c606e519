"""Decisions about signals: written once, never edited, superseded by the next; read by a second reader.

The life of a signal follows the good pharmacovigilance practices (EMA, GVP module IX): detected, validated, assessed,
recommended, closed. `DAYS` is how long the next step is given by default; the decider may set another day.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import sqlalchemy as sa

from workbench import audit
from workbench.policy import Policy
from workbench.store import Store, decision, now, reading

VERDICTS = {
    "validated": "Signal validated",
    "monitor": "Monitor until the due date",
    "refuted": "Signal refuted",
    "closed": "Closed",
    "escalated": "Passed on for assessment or action",
}
REASONS = {
    "new_aspect": "New, or a new aspect of what is known",
    "consistent": "Consistent cases, plausible in time and biology",
    "known": "Already in the product information",
    "confounded": "Explained by the disease or other treatments",
    "artefact": "An artefact of reporting",
    "duplicates": "Duplicates",
    "too_little": "Too little information",
    "other": "Another reason, told below",
}
STAGES = {
    "detected": "Detected",
    "validated": "Validated",
    "assessed": "Assessed",
    "recommended": "Recommendation made",
    "closed": "Closed",
}
STANDING = (  # decisions that no other has superseded, the last first
    sa.select(decision)
    .where(decision.c.id.not_in(sa.select(decision.c.supersedes).where(decision.c.supersedes.is_not(None))))
    .order_by(decision.c.id.desc())
)
DAYS = {"detected": 30, "validated": 30, "assessed": 60, "recommended": 60}
LEAST_TEXT = 10
SEEN = (
    *("month", "a", "b", "c", "d", "n_new", "expected", "prr", "prr_lower", "prr_upper", "chi2_yates", "ror"),
    *("ror_lower", "ror_upper", "ic", "ic025", "ic975", "ebgm", "eb05", "eb95", "raised", "asked", "first_month"),
)


class Stale(Exception):
    """What the decision was made on is no longer what stands: another decision came, or other numbers."""


def heads(store: Store, policy: Policy, population: str = "") -> list[dict[str, Any]]:
    """The decision that stands of each pair that the reader's agencies are in charge of; the last one first."""
    if not policy.may("decisions"):
        return []
    wanted = STANDING.where(decision.c.population == population) if population else STANDING
    with store.reading() as connection:
        return [dict(r) for r in connection.execute(wanted).mappings() if policy.owns(r["population"])]


def of_pair(store: Store, policy: Policy, population: str, substance: str, term: str) -> list[dict[str, Any]]:
    """Decisions about a pair with their second readings, the last first; none about another agency's."""
    if not policy.owns(population) or not policy.may("decisions"):
        return []
    said = {c.name: c for c in reading.columns if c.name not in ("id", "decision_id")}
    wanted = (
        sa.select(decision, *(c.label(f"reading_{name}") for name, c in said.items()))
        .outerjoin(reading, reading.c.decision_id == decision.c.id)
        .where(decision.c.population == population)
        .where(decision.c.substance_key == substance, decision.c.term_key == term)
        .order_by(decision.c.id.desc())
    )
    with store.reading() as connection:
        found = connection.execute(wanted).mappings().all()
    return [{**row, "seen": json.loads(row["snapshot"])} for row in found]


def one(store: Store, policy: Policy, number: int) -> dict[str, Any] | None:
    """One decision of the reader's agencies, with its second reading; None where there is none."""
    with store.reading() as connection:
        row = connection.execute(sa.select(decision).where(decision.c.id == number)).mappings().one_or_none()
    if row is None:
        return None
    of = of_pair(store, policy, row["population"], row["substance_key"], row["term_key"])
    return next((each for each in of if each["id"] == number), None)


def snapshot(row: dict[str, Any], versions: dict[str, int]) -> str:
    """The numbers that were seen, with the versions of the tables that they stood in."""
    names = {name: row[name] for name in ("substance_name", "term_name")}
    return json.dumps({**names, **{name: row[name] for name in SEEN}, "versions": versions}, default=str)


def decide(store: Store, entry: audit.Entry, said: dict[str, Any]) -> int:
    """Write a decision down, and return its number. `said` holds the columns but those that are made here.

    Raises `Stale` where `supersedes` is not the decision that stands.
    """
    same = [decision.c[name] == said[name] for name in ("population", "substance_key", "term_key")]
    with store.writing() as connection:
        last = connection.execute(sa.select(sa.func.max(decision.c.id)).where(*same)).scalar()
        if last != said["supersedes"]:
            raise Stale
        seq = audit.append(connection, entry)
        row = {**said, "at": now(), "who": entry.who, "audit_seq": seq}
        return int(connection.execute(decision.insert().values(**row).returning(decision.c.id)).scalar_one())


def read(store: Store, entry: audit.Entry, of: dict[str, Any], agrees: bool, text: str) -> None:
    """Write down what the second reader says. Raises `Stale` for one's own decision or one that was read already."""
    with store.writing() as connection:
        known = connection.execute(sa.select(reading.c.id).where(reading.c.decision_id == of["id"])).scalar()
        if known is not None or of["who"] == entry.who:
            raise Stale
        seq = audit.append(connection, entry)
        said = {"decision_id": of["id"], "at": now(), "who": entry.who, "agrees": agrees, "text": text}
        connection.execute(reading.insert().values(**said, audit_seq=seq))


def is_overdue(row: dict[str, Any], today: dt.date | None = None) -> bool:
    """Tell whether the next step should have been made."""
    return bool(row["due"]) and row["stage"] != "closed" and row["due"] < str(today or dt.date.today())


def without_reader(store: Store, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of some decisions that no second reader has read, the oldest first, with the names of the pair."""
    with store.reading() as connection:
        known = set(connection.execute(sa.select(reading.c.decision_id)).scalars())
    return [row | json.loads(row["snapshot"]) for row in reversed(rows) if row["id"] not in known]
