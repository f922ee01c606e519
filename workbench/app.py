"""The application: routes, what every error answers, what stands before all of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import anyio.to_thread
from fastapi import FastAPI, Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response

from models.disclosure.table import DisclosureError
from pipelines.lake.query import QueryError
from workbench import audit, entrance
from workbench.asked import BadAddress, address
from workbench.decisions import Stale
from workbench.guard import Guard, TooLong
from workbench.identity import Provider, Refused
from workbench.lake import OpenLake
from workbench.pages import audit as audit_page
from workbench.pages import (
    cases,
    compare,
    decision,
    dictionary,
    export,
    exposure,
    home,
    league,
    links,
    quality,
    ranking,
    register,
    release,
    share,
    signal,
    watch,
)
from workbench.store import Store
from workbench.visit import Forbidden, LoggedOut, Missing, Workbench, answer, language
from workbench.watches import TooMany

STATIC = Path(__file__).parent / "static"
ASSETS = {str(f.relative_to(STATIC)): f for f in STATIC.rglob("*") if f.suffix in (".js", ".css", ".svg")}
PAGES = (
    *(ranking, signal, cases, links, decision, export, home, watch, compare, exposure, register, league),
    *(release, quality, dictionary, audit_page),
)
AT_ONCE = 4  # requests that a process works on
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def create(
    lake: OpenLake,
    store: Store,
    heads: Path,
    is_simulated: Callable[[], bool],
    providers: Mapping[str, Provider] | None = None,
    address: str = "http://localhost",
    beside: OpenLake | None = None,
) -> Guard:
    """The workbench on a lake.

    `heads` is the file that the audit's head is published in; `is_simulated` is asked whether the lake, and the
    one `beside`, are of simulated files alone (`people.Simulated`); `providers` say who people are; `address` is where
    people reach it.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=_few_at_once)
    app.state.bench = Workbench(lake, store, is_simulated, heads, providers or {}, address, beside)
    for page in PAGES:
        app.include_router(page.router)
    app.include_router(entrance.router)
    app.include_router(share.router)
    app.add_exception_handler(share.Refused, share.refused)
    app.add_api_route("/health", health, methods=["GET"])
    app.add_api_route("/static/{name:path}", asset, methods=["GET"])
    for error, told in ((LoggedOut, _logged_out), (Missing, _missing), (BadAddress, _bad_address), (Refused, _refused)):
        app.add_exception_handler(error, told)
    app.add_exception_handler(QueryError, _no_answer)
    app.add_exception_handler(DisclosureError, _not_released)
    app.add_exception_handler(TooLong, _too_long)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(Stale, _stale)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(404, _missing)
    return Guard(app, LOCAL | {str(urlsplit(address).hostname)})


@asynccontextmanager
async def _few_at_once(_app: FastAPI) -> AsyncIterator[None]:
    """Answer a few requests at a time, the others in the order they came: all at once, each would end last."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = AT_ONCE
    yield


def health() -> Response:
    """Say that it is up; nothing else is told to whoever is not logged in."""
    return PlainTextResponse("up")


def asset(name: str) -> Response:
    """A file of the pages; only those that were shipped are known."""
    if name not in ASSETS:
        raise Missing
    return FileResponse(ASSETS[name], headers={"Cache-Control": "public, max-age=3600"})


def _logged_out(request: Request, _: Exception) -> Response:
    place = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = place if request.method == "GET" and place != "/" else None
    return RedirectResponse(address("/login", {"next": after}), 303)


def _missing(request: Request, _: Exception) -> Response:
    _denied(request, "missing")
    return _problem(request, 404, "missing")


def _denied(request: Request, act: str) -> None:
    """Write down that somebody asked for what is not theirs."""
    session = getattr(request.state, "session", None)
    if session is not None:
        audit.record(request.app.state.bench.store, session.entry(act, request.url.path[:400]))


def _bad_address(request: Request, error: Exception) -> Response:
    return _problem(request, 400, "address", error.name if isinstance(error, BadAddress) else "")


def _no_answer(request: Request, error: Exception) -> Response:
    return _problem(request, 503, "table", str(error))


def _not_released(request: Request, error: Exception) -> Response:
    said = language(request)(error.sentence, **error.values) if isinstance(error, DisclosureError) else ""
    return _problem(request, 409, "release", said)


def _forbidden(request: Request, _: Exception) -> Response:
    _denied(request, "forbidden")
    return _problem(request, 403, "form")


def _refused(request: Request, _: Exception) -> Response:
    return _problem(request, 403, "login")


def _stale(request: Request, _: Exception) -> Response:
    return _problem(request, 409, "stale")


def _too_many(request: Request, _: Exception) -> Response:
    return _problem(request, 409, "watches")


def _too_long(request: Request, _: Exception) -> Response:
    return PlainTextResponse("what was sent is too long", 413)


def _problem(request: Request, status: int, problem: str, name: str = "") -> Response:
    session = getattr(request.state, "session", None)
    return answer(request.app.state.bench, request, "problem.html", status, session=session, problem=problem, name=name)
