"""Side by side: two substances, one substance as known at two dates or in two lakes, or several of these at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import charts
from workbench.asked import Asked
from workbench.lake import Reader
from workbench.pages.ranking import ASKED, RAISED, populations_of
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
MOST_ROWS, DRAWN, MOST_NAMES = 100, 15, 500
SIDE = f"""SELECT term_key, term_name, a, n_new, expected, ic, ic025, ic975, eb05, {RAISED} AS raised, {ASKED} AS asked
    FROM gold.signal WHERE population = $population AND substance_key = $substance_key AND month = $month"""
SHOWN = ("a", "ic", "ic025", "ic975", "eb05", "raised", "asked")
NEITHER = {f"{name}_{n}": None for name in SHOWN for n in ("one", "two")}


@dataclass(frozen=True)
class State:
    """What the address says: substances by key or name, months as known; what is left out is as on the other side."""

    population: str
    substance: str
    other: str
    month: dt.date | None
    then: dt.date | None
    beside: bool

    @classmethod
    def of(cls, asked: Asked) -> State:
        """Read it. Raises `BadAddress`."""
        texts = {name: asked.text(name) for name in ("population", "substance", "other")}
        return cls(**texts, month=asked.date("month"), then=asked.date("then"), beside=asked.flag("beside"))


@dataclass(frozen=True)
class Side:
    """A substance at a month, in a lake."""

    substance: dict[str, Any]
    month: dt.date | None
    reader: Reader

    def title(self, visit: Visit, lake: str) -> str:
        """What stands above its numbers."""
        parts = (self.substance["substance_name"], visit.words.month(self.month), lake)
        return ", ".join(part for part in parts if part)


@router.get("/compare")
def compare(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """The page; without two sides that differ, the form alone."""
    state, populations = State.of(visit.asked), populations_of(visit)
    population = state.population or (populations[0]["population"] if populations else "")
    if state.population and population not in {p["population"] for p in populations}:
        raise Missing
    months = visit.rows(
        "SELECT DISTINCT month FROM gold.signal WHERE population = $population ORDER BY month DESC",
        {"population": population},
    )
    last = months[0]["month"] if months else None
    month = state.month or last
    if (second := visit.beside if state.beside else visit.reader) is None:
        raise Missing
    readers = (visit.reader, second)
    asked = ((state.substance, month), (state.other or state.substance, state.then or month))
    substances = [_found(visit, population, name, list(dict.fromkeys(readers))) for name, _ in asked]
    sides = [Side(*side) for side in zip(substances, (at for _, at in asked), readers, strict=True)]
    is_asked = bool(state.substance) and sides[0] != sides[1]
    where = (visit.words("this lake"), visit.words("the other lake")) if state.beside else ("", "")
    titles = [side.title(visit, lake) for side, lake in zip(sides, where, strict=True)]
    words = {"axis": visit.words("Information component, in bits"), "group": visit.words("Event")}
    rows = _rows(visit, population, sides) if is_asked else []
    return visit.page(
        "compare.html",
        state=state,
        population=population,
        populations=populations,
        months=[row["month"] for row in months],
        names=_names(visit, population),
        has_beside=visit.beside is not None,
        sides=sides,
        titles=titles,
        is_asked=is_asked,
        rows=rows[:MOST_ROWS],
        total=len(rows),
        chart=charts.two_sides(rows[:DRAWN], titles, words) if rows else None,
    )


def _found(visit: Visit, population: str, asked: str, readers: Collection[Reader]) -> dict[str, Any]:
    """The substance of a key or a name, in any of some lakes; an empty one where none is asked.

    Raises `Missing` where there is none.
    """
    if not asked:
        return {"substance_key": "", "substance_name": ""}
    sql = (
        "SELECT substance_key, any_value(substance_name) AS substance_name FROM gold.signal "
        "WHERE population = $population AND (substance_key = $asked OR upper(substance_name) = upper($asked)) "
        "GROUP BY substance_key ORDER BY substance_key = $asked DESC, substance_key LIMIT 1"
    )
    given = {"population": population, "asked": asked}
    if not (found := [row for reader in readers for row in visit.rows(sql, given, reader=reader)]):
        raise Missing
    return found[0]


def _names(visit: Visit, population: str) -> list[str]:
    """Names that a substance may be asked by, those of most reports first."""
    found = visit.rows(
        "SELECT substance_name, max(a + b) AS n FROM gold.signal WHERE population = $population AND is_latest "
        f"GROUP BY substance_name ORDER BY n DESC, substance_name LIMIT {MOST_NAMES}",
        {"population": population},
    )
    return [row["substance_name"] for row in found]


def _rows(visit: Visit, population: str, sides: list[Side]) -> list[dict[str, Any]]:
    """Events of either side, with the numbers of both; the strongest on either side first."""
    found: dict[str, dict[str, Any]] = {}
    for n, side in zip(("one", "two"), sides, strict=True):
        given = {"population": population, "month": side.month, "substance_key": side.substance["substance_key"]}
        for row in visit.rows(SIDE, given, visit.words("Side by side"), side.reader):
            event = {name: row[name] for name in ("term_key", "term_name")}
            both = found.setdefault(row["term_key"], {**event, **NEITHER})
            both |= {f"{name}_{n}": row[name] for name in SHOWN}
    return sorted(found.values(), key=_strongest_first)


def _strongest_first(row: dict[str, Any]) -> tuple[Any, ...]:
    raised, ic025 = ([row[f"{name}_{n}"] for n in ("one", "two")] for name in ("raised", "ic025"))
    return -max(r or 0 for r in raised), -max(-99.0 if i is None else i for i in ic025), row["term_key"]
