"""The first page: what is new, what is due, and whether the data can be trusted."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import decisions
from workbench.pages.ranking import COLUMNS, RAISED, RULES, TIES, french_names, populations_of
from workbench.pages.watch import looked
from workbench.visit import Visit, visiting

router = APIRouter()
FEW = 8
SIGNALS = "gold.signal"


@router.get("/")
def home(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """The page."""
    populations = [p for p in populations_of(visit) if ":" not in p["population"]]
    standing = decisions.heads(visit.bench.store, visit.policy)
    new, jumps, still_open = _new(visit), _jumps(visit), _open(visit, standing)
    due = sorted((d for d in standing if decisions.is_overdue(d)), key=lambda d: (d["who"] != _me(visit), d["due"]))
    unread = [d for d in standing if d["who"] != _me(visit)] if visit.policy.may("decide") else []
    committed = visit.reader.edition.versions[SIGNALS].committed
    last = visit.session.last_login
    changed = [one for one in looked(visit) if one.change]
    return visit.page(
        "home.html",
        populations=populations,
        counts=_counts(visit),
        open=still_open,
        new=new,
        jumps=jumps,
        due=due,
        unread=decisions.without_reader(visit.bench.store, unread),
        committed=committed,
        last=last,
        is_changed=bool(last) and committed.isoformat() > last,
        changed=changed,
        refused=visit.reader.edition.refused,
        french=french_names(visit, [row["substance_key"] for row in [*new, *jumps, *still_open]]),
        rules=RULES,
    )


def _me(visit: Visit) -> str:
    return visit.session.user.name


def _counts(visit: Visit) -> dict[str, dict[str, Any]]:
    """Pairs, new ones, and those raised by every method, of each whole population at its last month."""
    found = visit.rows(
        "SELECT population, count(*) AS n, count(*) FILTER (WHERE is_new) AS n_new, "
        "count(*) FILTER (WHERE is_ebgm_signal) AS n_ebgm FROM gold.signal "
        "WHERE is_latest AND NOT contains(population, ':') GROUP BY population"
    )
    return {row["population"]: row for row in found}


def _new(visit: Visit) -> list[dict[str, Any]]:
    """Pairs that are raised for the first time at the last month."""
    return visit.rows(
        f"SELECT {COLUMNS}\nFROM gold.signal\nWHERE is_latest AND is_new AND NOT contains(population, ':')\n"
        f"ORDER BY {TIES}, population LIMIT {FEW}",
        title=visit.words("New alerts"),
    )


def _open(visit: Visit, standing: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pairs that methods raise and nothing is decided of, the strongest first."""
    decided = [f"{d['population']}\n{d['substance_key']}\n{d['term_key']}" for d in standing]
    return visit.rows(
        f"""SELECT {COLUMNS}
FROM gold.signal
WHERE is_latest AND NOT contains(population, ':') AND {RAISED} > 0
    AND NOT list_contains($decided, population || chr(10) || substance_key || chr(10) || term_key)
ORDER BY {TIES}, population LIMIT {FEW}""",
        {"decided": decided},
        title=visit.words("Not decided yet, the strongest"),
    )


def _jumps(visit: Visit) -> list[dict[str, Any]]:
    """Pairs whose EB05 rose most since the month end before."""
    return visit.rows(
        f"""SELECT s.population, s.substance_key, s.substance_name, s.term_key, s.term_name, s.a, s.eb05,
    b.a AS a_before, b.eb05 AS eb05_before
FROM gold.signal s JOIN gold.signal b USING (population, substance_key, term_key)
WHERE s.is_latest AND NOT contains(s.population, ':') AND s.eb05 > b.eb05 AND s.a > b.a AND b.month = (
    SELECT max(month) FROM gold.signal m WHERE m.population = s.population AND m.month < s.month)
ORDER BY s.eb05 / nullif(b.eb05, 0) DESC NULLS LAST, s.a DESC, s.population, s.substance_key, s.term_key LIMIT {FEW}""",
        title=visit.words("Scores that rose most"),
    )
