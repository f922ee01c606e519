"""The list of a month: what to review first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.responses import Response

from workbench import decisions
from workbench.asked import Asked, address
from workbench.held import ALL, Listing
from workbench.visit import Visit, visiting
from workbench.votes import RULES, votes
from workbench.watches import MOST_PAIRS

router = APIRouter()
ROWS_OF_A_PAGE = 50
RAISED = " + ".join(f"coalesce(is_{rule}_signal, false)::INT" for rule in RULES)
ASKED = " + ".join(f"(is_{rule}_signal IS NOT NULL)::INT" for rule in RULES)
FIRSTS = ", ".join(f"first_{rule}_month" for rule in RULES)
FIRST = f"least({FIRSTS})"
COLUMNS = f"""population, substance_key, substance_name, term_key, term_name, soc_name, a, n_new, expected,
    {", ".join(f"is_{rule}_signal" for rule in RULES)}, {RAISED} AS raised, {ASKED} AS asked,
    prr, prr_lower, ror, ror_lower, ic, ic025, ebgm, eb05, {FIRST} AS first_month, is_new, not_computed"""
SORTS = {  # name in the address: SQL; the highest first unless the address says otherwise
    "combined": "raised",
    "n": "a",
    "new": "n_new",
    "expected": "expected",
    "eb05": "eb05",
    "ebgm": "ebgm",
    "ic025": "ic025",
    "ic": "ic",
    "ror": "ror_lower",
    "prr": "prr_lower",
    "first": FIRST,
    "name": "substance_name",
}
DECIDED = {
    "open": "NOT list_contains($decided, substance_key || chr(10) || term_key)",
    "decided": "list_contains($decided, substance_key || chr(10) || term_key)",
}
TIES = "raised DESC, eb05 DESC NULLS LAST, ic025 DESC NULLS LAST, a DESC, substance_key, term_key"
SEARCH = """(contains(strip_accents(lower(substance_name)), strip_accents(lower($q)))
    OR contains(strip_accents(lower(term_name)), strip_accents(lower($q)))
    OR substance_key IN (SELECT substance_key FROM silver.substance
        WHERE is_current AND contains(strip_accents(lower(french_name)), strip_accents(lower($q)))))"""


@dataclass(frozen=True)
class State:
    """What the address of the list says."""

    population: str
    month: dt.date | None
    q: str
    soc: str
    least: int
    methods: int
    new: bool
    since: dt.date | None
    decision: str
    sort: str
    direction: str
    page: int

    @classmethod
    def of(cls, asked: Asked) -> State:
        """Read it. Raises `BadAddress`."""
        return cls(
            population=asked.text("population"),
            month=asked.date("month"),
            q=asked.text("q"),
            soc=asked.text("soc"),
            least=asked.number("least", 1, 1_000_000, 1),
            methods=asked.number("methods", 0, len(RULES), 0),
            new=asked.flag("new"),
            since=asked.date("since"),
            decision=asked.choice("decision", ("", *DECIDED), ""),
            sort=asked.choice("sort", SORTS, "combined"),
            direction=asked.choice("direction", ("down", "up"), "down"),
            page=asked.number("page", 1, 1_000_000, 1),
        )

    def address(self, **changed: Any) -> dict[str, Any]:
        """Parameters of the address, defaults left out; a change other than of the page goes back to the first."""
        said = {**vars(self), "page": 1, **changed}
        defaults = {"least": 1, "methods": 0, "sort": "combined", "direction": "down", "page": 1}
        return {name: value for name, value in said.items() if value != defaults.get(name, "")}

    @property
    def within(self) -> str:
        """Condition on `gold.signal` that names its month."""
        return "population = $population AND " + ("month = $month" if self.month else "is_latest")

    def where(self) -> str:
        """Condition on `gold.signal`."""
        return f"{self.within} AND {self.chosen()}"

    def chosen(self) -> str:
        """Condition on the rows of the month."""
        parts = [f"a >= {self.least}"] if self.least > 1 else []
        parts += [f"{RAISED} >= {self.methods}"] if self.methods else []
        parts += ["is_new"] if self.new else []
        parts += [f"{FIRST} >= $since"] if self.since else []
        parts += ["soc_name = $soc"] if self.soc else []
        parts += [DECIDED[self.decision]] if self.decision else []
        parts += [SEARCH] if self.q else []
        return " AND ".join(parts) or ALL

    def order(self) -> str:
        """Order of the rows: every state has one order, and the same one always."""
        return f"{self.sorted_by()}, {TIES}"

    def sorted_by(self) -> str:
        """What the rows are sorted by before their ties."""
        down = self.direction == "down"
        return f"{SORTS[self.sort]} {'DESC' if down == (self.sort != 'name') else 'ASC'} NULLS LAST"

    def listing(self) -> Listing:
        """The list."""
        return Listing("gold.signal", COLUMNS, self.within, self.chosen(), self.sorted_by(), TIES, FIRSTS)


@router.get("/signals")
def ranking(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """The page."""
    state = State.of(visit.asked)
    populations = populations_of(visit)
    if not state.population:
        state = State(**{**vars(state), "population": populations[0]["population"] if populations else ""})
    stand = decisions.heads(visit.bench.store, visit.policy, state.population)
    last = next((p["month"] for p in populations if p["population"] == state.population), None)
    asked = replace(state, month=state.month or last)  # by its month a file is read in part, by is_latest whole
    given = {**vars(asked), "decided": decided_keys(stand)}
    before = (state.page - 1) * ROWS_OF_A_PAGE
    total, listed = visit.listed(asked.listing(), given, before, ROWS_OF_A_PAGE, visit.words("The list"))
    months = visit.rows(
        "SELECT DISTINCT month FROM gold.signal WHERE population = $population ORDER BY month DESC", given
    )
    socs = visit.rows(
        "SELECT DISTINCT soc_name FROM gold.signal "
        "WHERE population = $population AND soc_name IS NOT NULL ORDER BY soc_name",
        given,
    )
    return visit.page(
        "ranking.html",
        state=state,
        rows=list(_written(visit, state, listed, before)),
        total=total,
        pages=max(1, -(-total // ROWS_OF_A_PAGE)),
        first=before,
        populations=populations,
        months=[row["month"] for row in months],
        known=state.month or (months[0]["month"] if months else None),
        socs=[row["soc_name"] for row in socs],
        decided={(d["substance_key"], d["term_key"]): d for d in stand},
        most_watched=MOST_PAIRS,
    )


def _written(visit: Visit, state: State, rows: list[dict[str, Any]], before: int) -> Iterator[dict[str, Any]]:
    """Rows as the table writes them: a page is hundreds of numbers, and a template's calls cost more than ours."""
    t, french = visit.words, french_names(visit, [row["substance_key"] for row in rows])
    month = {"month": state.month}
    for place, row in enumerate(rows, before + 1):
        pair = {"population": row["population"], "substance": row["substance_key"], "term": row["term_key"]}
        new = row["n_new"]
        numbers = [t.count(row["a"]), f"{'+' if new > 0 else ''}{t.count(new)}" if new else ""]
        numbers += [t.score(row[name]) for name in ("expected", "eb05", "ic025", "ror_lower", "prr_lower")]
        yield {
            **row,
            "place": t.count(place),
            "link": address("/signal", pair | month),
            "title": french.get(row["substance_key"], row["substance_name"]),
            "votes": votes(row, t),
            "numbers": Markup("".join(f'<td class="n">{n}</td>' for n in (*numbers, t.month(row["first_month"])))),  # noqa: S704 - ours, none is text of the lake
        }


def decided_keys(stand: list[dict[str, Any]]) -> list[str]:
    """Pairs that something is decided of, as `DECIDED` compares them."""
    return [f"{d['substance_key']}\n{d['term_key']}" for d in stand]


def populations_of(visit: Visit) -> list[dict[str, Any]]:
    """Populations of the reader, whole domains first, the largest first."""
    return visit.rows(
        "SELECT population, count(*) AS n, max(a + b + c + d) AS n_reports, max(month) AS month FROM gold.signal "
        "WHERE is_latest GROUP BY population ORDER BY contains(population, ':'), n_reports DESC, population"
    )


def french_names(visit: Visit, keys: list[str]) -> dict[str, str]:
    """French name of each substance that has one, where the page is in French."""
    if visit.words.language != "fr" or not keys:
        return {}
    found = visit.rows(
        "SELECT substance_key, any_value(french_name) AS name FROM silver.substance "
        "WHERE is_current AND french_name IS NOT NULL AND list_contains($keys, substance_key) GROUP BY ALL",
        {"keys": sorted(set(keys))},
    )
    return {row["substance_key"]: row["name"] for row in found}
