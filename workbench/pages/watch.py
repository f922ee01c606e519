"""Watches: what changed in the lists and pairs that somebody keeps an eye on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse, Response

from workbench import decisions, watches
from workbench.asked import Asked, BadAddress, address
from workbench.pages import ranking
from workbench.pages.ranking import ASKED, RAISED, TIES
from workbench.pages.signal import PAIR, Pair
from workbench.visit import Missing, Visit, changing, visiting
from workbench.watches import Change, Pairs

router = APIRouter()
TABLE = "gold.signal"


@dataclass(frozen=True)
class Looked:
    """A watch with what it shows now; `change` is None where its address can no longer be read, or shows too much."""

    row: dict[str, Any]
    pairs: Pairs
    change: Change | None


@router.get("/watches")
def listed(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """All watches, those that changed first."""
    found = looked(visit)
    return visit.page("watches.html", watches=sorted(found, key=lambda one: not one.change), most=watches.MOST_WATCHES)


@router.get("/watch")
def shown(visit: Annotated[Visit, Depends(visiting("signals"))]) -> Response:
    """One watch: what came, what left, what is other than it was."""
    return visit.page("watch.html", watch=_one(visit, visit.asked), version=_version(visit))


@router.post("/watch")
def begin(visit: Annotated[Visit, Depends(changing("signals"))]) -> Response:
    """Watch an address."""
    form = visit.form
    title, is_shared = form.needed("title"), form.flag("shared")
    if not watches.LEAST_TITLE <= len(title) <= watches.MOST_TITLE:
        raise BadAddress("title")
    place = _canonical(form)
    pairs = _pairs(visit, place)
    if pairs is None:
        raise BadAddress("place")
    entry = visit.entry("watch", place)
    number = watches.begin(visit.bench.store, entry, title, place, is_shared, _seen(visit, pairs))
    return RedirectResponse(address("/watch", {"id": number}), 303)


@router.post("/watch/seen")
def seen(visit: Annotated[Visit, Depends(changing("signals"))]) -> Response:
    """Say that one has seen what a watch shows, as it stood on the page."""
    found = _one(visit, visit.form)
    if visit.form.number("version", 0, 999_999_999, 0) != _version(visit):
        raise decisions.Stale
    number = found.row["id"]
    watches.see(visit.bench.store, visit.entry("watch seen", f"watch {number}"), number, _seen(visit, found.pairs))
    return RedirectResponse("/watches", 303)


@router.post("/watch/end")
def end(visit: Annotated[Visit, Depends(changing("signals"))]) -> Response:
    """End a watch of one's own."""
    found = _one(visit, visit.form)
    if not found.row["is_own"]:
        raise Missing
    watches.end(visit.bench.store, visit.entry("watch end", f"watch {found.row['id']}"), found.row["id"])
    return RedirectResponse("/watches", 303)


def looked(visit: Visit) -> list[Looked]:
    """Watches of the reader, each looked at now."""
    return [_look(visit, row) for row in watches.of_reader(visit.bench.store, visit.policy, visit.session.user.name)]


def _look(visit: Visit, row: dict[str, Any]) -> Looked:
    try:
        pairs = _pairs(visit, row["place"])
    except (BadAddress, Missing):
        pairs = None
    if pairs is None:
        return Looked(row, {}, None)
    return Looked(row, pairs, watches.change(row["content"] or {}, pairs))


def _one(visit: Visit, asked: Asked) -> Looked:
    number = asked.number("id", 1, 999_999_999, 0)
    found = watches.of_reader(visit.bench.store, visit.policy, visit.session.user.name)
    row = next((row for row in found if row["id"] == number), None)
    if row is None:
        raise Missing
    return _look(visit, row)


def _canonical(form: Asked) -> str:
    """The address that a form asks to watch, of the last month whichever that is."""
    path, asked = watches.asked(form.prose("place", most=4_000))
    if path == "/signal":
        pair = Pair.of(asked)
        return address(path, {"population": pair.population, "substance": pair.substance, "term": pair.term})
    return address(path, ranking.State.of(asked).address(month=None))


def _pairs(visit: Visit, place: str) -> Pairs | None:
    """What an address shows at the last month; None for more than `MOST_PAIRS`.

    Raises `Missing` for a population that is not the reader's, `BadAddress` for an address that can't be read.
    """
    path, asked = watches.asked(place)
    if not visit.policy.owns(asked.needed("population")):
        raise Missing
    if path == "/signal":
        where, given = f"{PAIR} AND is_latest", vars(Pair.of(asked))
    else:
        state = ranking.State.of(asked)
        stand = decisions.heads(visit.bench.store, visit.policy, state.population)
        where, given = state.where(), {**vars(state), "decided": ranking.decided_keys(stand)}
    found = visit.rows(
        f"SELECT population, substance_key, substance_name, term_key, term_name, a, {RAISED} AS raised, "
        f"{ASKED} AS asked\nFROM {TABLE}\nWHERE {where}\nORDER BY {TIES}\nLIMIT {watches.MOST_PAIRS + 1}",
        given,
    )
    if len(found) > watches.MOST_PAIRS:
        return None
    return {f"{row['substance_key']}\n{row['term_key']}": row for row in found}


def _version(visit: Visit) -> int:
    return visit.reader.edition.versions[TABLE].number if TABLE in visit.reader.edition.versions else 0


def _seen(visit: Visit, pairs: Pairs) -> dict[str, Any]:
    return {"version": _version(visit), "content": watches.kept(pairs)}
