"""Releases: tables on their way out, written once with what is hidden and why, and what two others say of them.

Hiding belongs to the crossing, not to the page: inside, numbers are whole. What leaves is a table of a selection of
cases, crossed by a few dimensions, in which `models.disclosure` hid what tells of few, and proved that it can't be
worked out of this table. What it tells together with those that left before is listed for the checkers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from models.disclosure.bounds import ranges
from models.disclosure.differencing import Cell, Difference, Told, differences, told
from models.disclosure.suppress import Released, released
from models.disclosure.table import PROFILES, Crossed, DisclosureError, Profile
from workbench import audit
from workbench.decisions import Stale
from workbench.policy import Policy
from workbench.store import Store, now, release, release_check

CHECKERS = 2
MOST_DIMENSIONS = 3
MEASURES = {"cases": "Cases", "animals": "Animals affected"}
DIMENSIONS = {  # SQL of the level of a case of silver.report_history
    "year": "strftime(received_first_date, '%Y')",
    "sex": "sex",
    "species": "species",
    "seriousness": "CASE is_serious WHEN true THEN 'serious' WHEN false THEN 'not serious' END",
    "death": "CASE is_death WHEN true THEN 'death' WHEN false THEN 'no death' END",
    "reporter": "reporter",
    "country": "country",
}
UNKNOWN = "unknown"
WAITING, AGREED, REFUSED = "waiting", "agreed", "refused"


def proved(table: Crossed, profile: Profile) -> Released:
    """What of a table may leave. Raises `DisclosureError` where a hidden cell can still be placed too closely."""
    left = released(table, profile)
    close = [at for at, (low, high) in ranges(left.shown, profile.rounded_to).items() if high - low < profile.least]
    if close:
        raise DisclosureError("{n} hidden cells could be placed too closely: take fewer levels", n=len(close))
    if not (left.shown > 0).any():
        raise DisclosureError("every cell would be hidden: take fewer levels, or more cases")
    return left


def compared(
    store: Store, population: str, measure: str, of: str, table: Crossed, left: Released, profile: Profile
) -> list[Difference]:
    """Cells that, with releases of the same domain that were not refused, tell of few."""
    domain = population.partition(":")[0]
    stand = [row for row in every(store) if row["state"] != REFUSED and row["population"].partition(":")[0] == domain]
    new = told(0, measure, of, table, left, profile)
    new = replace(new, shown=_in_whole(population, new.shown))
    return differences(new, [_told(row) for row in stand], profile.least)


def written(table: Crossed, left: Released) -> dict[str, Any]:
    """A release as it is kept: levels, shown values (null where hidden), and why cells are hidden."""
    shown = [None if value < 0 else int(value) for value in left.shown.reshape(-1)]
    why = {int(np.ravel_multi_index(at, left.shown.shape)): reason for at, reason in left.why.items()}
    return {"levels": [list(of) for of in table.levels], "shown": shown, "why": why}


def draft(store: Store, entry: audit.Entry, said: Mapping[str, Any]) -> int:
    """Write a release down, and return its number."""
    with store.writing() as connection:
        seq = audit.append(connection, entry)
        row = {**said, "at": now(), "who": entry.who, "audit_seq": seq}
        return int(connection.execute(release.insert().values(**row).returning(release.c.id)).scalar_one())


def check(store: Store, entry: audit.Entry, of: Mapping[str, Any], agrees: bool, text: str) -> None:
    """Write down what a checker says. Raises `Stale` for one's own release, a second word, or one that is settled."""
    with store.writing() as connection:
        known = connection.execute(sa.select(release_check).where(release_check.c.release_id == of["id"])).mappings()
        checks = [dict(row) for row in known]
        if of["who"] == entry.who or entry.who in {row["who"] for row in checks} or _state(checks) != WAITING:
            raise Stale
        seq = audit.append(connection, entry)
        said = {"release_id": of["id"], "at": now(), "who": entry.who, "agrees": agrees, "text": text}
        connection.execute(release_check.insert().values(**said, audit_seq=seq))


def every(store: Store) -> list[dict[str, Any]]:
    """All releases, the last first, with what checkers said and the state that follows."""
    with store.reading() as connection:
        rows = [dict(row) for row in connection.execute(sa.select(release).order_by(release.c.id.desc())).mappings()]
        said = [dict(row) for row in connection.execute(sa.select(release_check)).mappings()]
    for row in rows:
        row["checks"] = [one for one in said if one["release_id"] == row["id"]]
        row["state"] = _state(row["checks"])
        for name in ("selection", "dimensions", "content", "findings"):
            row[name] = json.loads(row[name])
    return rows


def of_reader(store: Store, policy: Policy) -> list[dict[str, Any]]:
    """Releases of populations that the reader's agencies are in charge of, the last first."""
    return [row for row in every(store) if policy.owns(row["population"])]


def cells(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cells of a release: level by dimension (None for all), what is shown (None where hidden), and why."""
    levels: Sequence[Sequence[str]] = row["content"]["levels"]
    shape = tuple(len(of) + 1 for of in levels)
    why = {int(at): reason for at, reason in row["content"]["why"].items()}
    return [
        {
            "at": [of[i] if i < len(of) else None for of, i in zip(levels, at, strict=True)],
            "shown": row["content"]["shown"][number],
            "why": why.get(number, ""),
        }
        for number, at in enumerate(np.ndindex(*shape))
    ]


def _told(row: Mapping[str, Any]) -> Told:
    shown: dict[Cell, int] = {}
    for cell in cells(row):
        if cell["shown"] is not None:
            named = zip(row["dimensions"], cell["at"], strict=True)
            shown[frozenset((name, level) for name, level in named if level is not None)] = cell["shown"]
    shown = _in_whole(row["population"], shown)
    return Told(row["id"], row["measure"], row["content"]["of"], PROFILES[row["profile"]].rounded_to, shown)


def _in_whole(population: str, shown: Mapping[Cell, int]) -> dict[Cell, int]:
    """Cells by their names, and those of one species by the name that they have in a table of all species too."""
    species = population.partition(":")[2]
    return {**shown, **{cell | {("species", species)}: n for cell, n in shown.items() if species}}


def _state(checks: Sequence[Mapping[str, Any]]) -> str:
    if any(not one["agrees"] for one in checks):
        return REFUSED
    return AGREED if len(checks) >= CHECKERS else WAITING
