"""Side by side: two substances, one substance as known at two dates, or both at once."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import charts
from workbench.asked import Asked
from workbench.pages.ranking import ASKED, RAISED, populations_of
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
MOST_ROWS, DRAWN, MOST_NAMES = 100, 15, 500
SIDE = f"""SELECT term_key, term_name, a, n_new, expected, ic, ic025, ic975, eb05, {RAISED} AS raised, {ASKED} AS asked
    FROM gold.signal WHERE population = $population AND substance_key = ${{substance}} AND month = ${{month}}"""
SHOWN = ("a", "ic", "ic025", "ic975", "eb05", "raised", "asked")


@dataclass(frozen=True)
class State:
    """What the address says: substances by key or name, months as known; what is left out is as on the other side."""

    population: str
    substance: str
    other: str
    month: dt.date | None
    then: dt.date | None

    @classmethod
    def of(cls, asked: Asked) -> State:
        """Read it. Raises `BadAddress`."""
        texts = {name: asked.text(name) for name in ("population", "substance", "other")}
        return cls(**texts, month=asked.date("month"), then=asked.date("then"))


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
    asked = ((state.substance, month), (state.other or state.substance, state.then or month))
    sides: list[dict[str, Any]] = [{"substance": _found(visit, population, name), "month": at} for name, at in asked]
    is_asked = bool(state.substance) and sides[0] != sides[1]
    titles = [f"{side['substance']['substance_name']}, {visit.words.month(side['month'])}" for side in sides]
    words = {"axis": visit.words("Information component, in bits"), "group": visit.words("Event")}
    rows = _rows(visit, population, sides) if is_asked else []
    return visit.page(
        "compare.html",
        state=state,
        population=population,
        populations=populations,
        months=[row["month"] for row in months],
        names=_names(visit, population),
        sides=sides,
        titles=titles,
        is_asked=is_asked,
        rows=rows[:MOST_ROWS],
        total=len(rows),
        chart=charts.two_sides(rows[:DRAWN], titles, words) if rows else None,
    )


def _found(visit: Visit, population: str, asked: str) -> dict[str, Any]:
    """The substance of a key or a name; an empty one where none is asked. Raises `Missing` where there is none."""
    if not asked:
        return {"substance_key": "", "substance_name": ""}
    found = visit.rows(
        "SELECT substance_key, any_value(substance_name) AS substance_name FROM gold.signal "
        "WHERE population = $population AND (substance_key = $asked OR upper(substance_name) = upper($asked)) "
        "GROUP BY substance_key ORDER BY substance_key = $asked DESC, substance_key LIMIT 1",
        {"population": population, "asked": asked},
    )
    if not found:
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


def _rows(visit: Visit, population: str, sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of either side, with the numbers of both; the strongest on either side first."""
    both = ", ".join(f"l.{name} AS {name}_one, r.{name} AS {name}_two" for name in SHOWN)
    one, two = (SIDE.format(substance=f"substance_{n}", month=f"month_{n}") for n in ("one", "two"))
    given = {"population": population}
    for name, side in zip(("one", "two"), sides, strict=True):
        given |= {f"substance_{name}": side["substance"]["substance_key"], f"month_{name}": side["month"]}
    return visit.rows(
        f"""WITH l AS ({one}),
r AS ({two})
SELECT coalesce(l.term_key, r.term_key) AS term_key, coalesce(l.term_name, r.term_name) AS term_name, {both}
FROM l FULL JOIN r ON l.term_key = r.term_key
ORDER BY greatest(coalesce(l.raised, 0), coalesce(r.raised, 0)) DESC,
    greatest(coalesce(l.ic025, -99), coalesce(r.ic025, -99)) DESC, term_key""",
        given,
        title=visit.words("Side by side"),
    )
