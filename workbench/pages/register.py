"""Registers: all that is known of a substance, a site, a batch, a plant, a product, with what it is linked to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from markupsafe import Markup
from starlette.responses import Response

from pipelines.output.graph import drawn
from workbench.asked import address
from workbench.pages.ranking import COLUMNS, RAISED, RULES, TIES
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
LINKS = "gold.link"
MOST_FOUND, MOST_LINKS, MOST_OF_A_KIND = 100, 400, 12
FEW = 8
STANDS = "missing IS NULL AND valid_to IS NULL"
LEAVES = ("place", "region", "guise")  # that two things went to one place links them to nothing
ABOUT = {  # kind of thing: table and column of its key, what of it is shown
    "site": ("gold.site_risk", "establishment_key", "is_current"),
    "batch": ("gold.batch_watch", "batch_key", "is_latest"),
    "plant": ("gold.plant_view", "plant", "true"),
    "substance": ("silver.substance", "substance_key", "is_current"),
}
HIDDEN = ("is_current", "is_latest", "known_from", "known_to", "rated_from", "rated_to", "family_key")


@router.get("/registers")
def registers(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """Things by name or key, and how many of each kind there are."""
    q, kind = visit.asked.text("q"), visit.asked.text("kind")
    things = _things(visit)
    kinds = visit.rows(f"SELECT kind, count(*) AS n FROM ({things}) GROUP BY kind ORDER BY n DESC, kind")
    found = visit.rows(
        f"""SELECT kind, key, any_value(name) AS name, sum(n) AS n FROM ({things})
WHERE ($kind = '' OR kind = $kind) AND (contains(strip_accents(lower(name)), strip_accents(lower($q)))
    OR contains(lower(key), lower($q)))
GROUP BY kind, key ORDER BY n DESC, kind, key LIMIT {MOST_FOUND + 1}""",
        {"q": q, "kind": kind},
        title=visit.words("The registers"),
    )
    return visit.page("registers.html", q=q, kind=kind, kinds=kinds, found=found, most=MOST_FOUND)


@router.get("/register")
def register(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """One thing. Raises `Missing` where the reader sees no link of it and no row about it."""
    kind, key = visit.asked.needed("kind"), visit.asked.needed("key")
    links = _links(visit, [f"{kind}:{key}"], MOST_LINKS) if visit.reader.has(LINKS) else []
    facts = _facts(visit, kind, key)
    if not links and not facts:
        raise Missing
    here = f"{kind}:{key}"
    names = [link["thing_name"] for link in links if link["thing_name"]]
    return visit.page(
        "register.html",
        kind=kind,
        key=key,
        name=next(iter(names), None) or (facts or {}).get(f"{kind}_name") or key,
        links=links,
        groups=_grouped(links),
        opens=_opens,
        most=MOST_LINKS,
        facts={name: value for name, value in (facts or {}).items() if value is not None and name not in HIDDEN},
        signals=_signals(visit, key) if kind == "substance" else [],
        rules=RULES,
        drawing=Markup(drawn(_around(visit, here, links), _opens, "", visit.words("What it is linked to"))),  # noqa: S704 - escaped by `drawn`
    )


def _opens(thing: str) -> str:
    """Page of a thing; cases and signals have their own."""
    kind, _, key = thing.partition(":")
    if kind == "report":
        return address("/case", {"key": key})
    if kind == "signal":
        return address("/signal", dict(zip(("population", "substance", "term"), key.split("|"), strict=False)))
    return address("/register", {"kind": kind, "key": key})


def _things(visit: Visit) -> str:
    """SQL of all things: kind, key, name, n. Plants stand in no link."""
    ends = " UNION ALL ".join(
        f"SELECT {end}_kind AS kind, {end}_key AS key, {end}_name AS name, 1 AS n FROM {LINKS} WHERE {STANDS}"
        for end in ("from", "to")
    )
    parts = [f"{ends}"] if visit.reader.has(LINKS) else ["SELECT '' AS kind, '' AS key, '' AS name, 0 AS n WHERE false"]
    if visit.reader.has("gold.plant_view"):
        parts.append("SELECT 'plant', plant, plant, n_drugs + n_monographs FROM gold.plant_view")
    return f"SELECT kind, key, name, n FROM ({' UNION ALL '.join(parts)}) WHERE kind NOT IN ('report', 'signal')"


def _links(visit: Visit, things: list[str], most: int, title: bool = True) -> list[dict[str, Any]]:
    """Links of some things that stand, from either end, those that are surest first; each kind of link to some."""
    return visit.rows(
        f"""WITH step AS (
    SELECT from_kind || ':' || from_key AS thing, from_name AS thing_name, link_kind || ' →' AS link,
        to_kind || ':' || to_key AS other, to_name AS other_name, to_kind AS other_kind, n, basis, confidence, source,
        known_from
    FROM {LINKS} WHERE {STANDS}
    UNION ALL
    SELECT to_kind || ':' || to_key, to_name, '← ' || link_kind, from_kind || ':' || from_key, from_name, from_kind, n,
        basis, confidence, source, known_from
    FROM {LINKS} WHERE {STANDS})
SELECT * FROM step WHERE list_contains($things, thing)
ORDER BY thing, link, other_kind, confidence DESC, n DESC, other LIMIT {most}""",
        {"things": things},
        title=visit.words("Links") if title else "",
    )


def _grouped(links: list[dict[str, Any]]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Links by what they say and the kind of thing that they lead to."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for link in links:
        groups.setdefault((link["link"], link["other_kind"]), []).append(link)
    return [(said, kind, found) for (said, kind), found in groups.items()]


def _around(visit: Visit, here: str, links: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows of the drawing: the first links of each kind, and those of the things that they lead to."""
    near = [link | {"depth": 1} for _, _, found in _grouped(links) for link in found[:MOST_OF_A_KIND]]
    onward = sorted({link["other"] for link in near if link["other_kind"] not in LEAVES})
    if not onward:
        return near
    known = {here, *(link["other"] for link in near)}
    of: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for link in _links(visit, onward, MOST_LINKS, title=False):
        if link["other"] not in known:
            of.setdefault((link["thing"], link["link"], link["other_kind"]), []).append(link)
    return near + [link | {"depth": 2} for found in of.values() for link in found[:2]]


def _facts(visit: Visit, kind: str, key: str) -> dict[str, Any] | None:
    """What the table of its kind says of a thing."""
    if kind not in ABOUT or not visit.reader.has(ABOUT[kind][0]):
        return None
    table, column, stands = ABOUT[kind]
    found = visit.rows(
        f"SELECT * FROM {table} WHERE {column} = $key AND {stands} ORDER BY ALL LIMIT 1",
        {"key": key},
        title=visit.words("What is known of it"),
    )
    return found[0] if found else None


def _signals(visit: Visit, key: str) -> list[dict[str, Any]]:
    """Its pairs that methods raise in whole populations, the strongest first."""
    return visit.rows(
        f"SELECT {COLUMNS} FROM gold.signal WHERE is_latest AND substance_key = $key "
        f"AND NOT contains(population, ':') AND {RAISED} > 0 ORDER BY {TIES}, population LIMIT {FEW}",
        {"key": key},
        title=visit.words("Signals"),
    )
