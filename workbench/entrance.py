"""The way in and out: the routes that ask for no session.

A log-in by a provider sends the browser on by a page that refreshes itself: forms of these pages lead nowhere else
(`guard`), and a browser would hold a redirect of one to the same.
"""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from workbench import audit, identity
from workbench.people import DEMONSTRATION, User, begin, current, end
from workbench.policy import PURPOSES, ROLES
from workbench.visit import COOKIE, MENU, Form, Missing, Workbench, answer, is_of_session

router = APIRouter()
PENDING_COOKIE = "gerland_login"
CALLBACK = "/login/callback"


@router.get("/login")
def login_page(request: Request) -> Response:
    """Choose who one is, or who says so, and for what purpose."""
    bench: Workbench = request.app.state.bench
    users = list(DEMONSTRATION.values()) if bench.has_demonstration else []
    known = list(bench.providers.values())
    after = own_place(request.query_params.get("next", ""))
    return answer(bench, request, "login.html", users=users, providers=known, purposes=PURPOSES, after=after)


@router.post("/login")
def login(request: Request, form: Form) -> Response:
    """Begin a session of a demonstration user."""
    bench: Workbench = request.app.state.bench
    user = DEMONSTRATION.get(form.text("user"))
    if not bench.has_demonstration or user is None:
        raise Missing
    return _welcome(request, user, form.choice("purpose", PURPOSES, "-"), own_place(form.given.get("next", "")))


@router.post("/login/with")
def login_with(request: Request, form: Form) -> Response:
    """Send somebody on to an identity provider."""
    bench: Workbench = request.app.state.bench
    provider = bench.providers.get(form.text("provider"))
    if provider is None:
        raise Missing
    purpose, place = form.choice("purpose", PURPOSES, "-"), own_place(form.given.get("next", ""))
    begun = identity.begin(bench.store, provider, bench.address + CALLBACK, purpose, place)
    response = _onward(request, provider, begun.address, "Log in")
    wait = int(identity.LONGEST_WAIT.total_seconds())
    response.set_cookie(
        PENDING_COOKIE,
        begun.browser,
        max_age=wait,
        path="/login",
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
    )
    return response


@router.get(CALLBACK)
def came_back(request: Request) -> Response:
    """Begin a session of whom a provider names; of what it refuses a row stands in the audit where one had begun."""
    bench: Workbench = request.app.state.bench
    told = dict(request.query_params)
    of = identity.waiting(bench.store, told.get("state", ""), request.cookies.get(PENDING_COOKIE))
    provider = bench.providers.get(of["provider"])
    try:
        if provider is None:
            raise identity.Refused("provider")
        user = identity.arrived(provider, bench.address + CALLBACK, of, told)
    except identity.Refused as error:
        audit.record(bench.store, audit.Entry(f"?@{of['provider']}", "", "", of["purpose"], "refused", error.reason))
        raise
    response = _welcome(request, user, of["purpose"], of["place"])
    response.delete_cookie(PENDING_COOKIE, path="/login")
    return response


@router.post("/logout")
def logout(request: Request, form: Form) -> Response:
    """End the session, and that of the provider that said who it is, where it can be asked to."""
    bench: Workbench = request.app.state.bench
    session = current(bench.store, request.cookies.get(COOKIE))
    response: Response = RedirectResponse("/login", 303)
    if session is not None and is_of_session(form, session):
        end(bench.store, session)
        provider = bench.providers.get(session.user.provider)
        if provider is not None and (onward := identity.leaving(provider, f"{bench.address}/login")):
            response = _onward(request, provider, onward, "Log out")
    response.delete_cookie(COOKIE)
    return response


def _onward(request: Request, provider: identity.Provider, onward: str, why: str) -> Response:
    """Send the browser on to a provider."""
    response = answer(request.app.state.bench, request, "onward.html", provider=provider, onward=onward, why=why)
    response.headers["Refresh"] = f"0; url={onward}"
    return response


def _welcome(request: Request, user: User, purpose: str, place: str) -> Response:
    """Begin a session, and lead to the place that was asked for, or the first that the role may see."""
    bench: Workbench = request.app.state.bench
    secret = begin(bench.store, user, purpose)
    audit.publish(bench.store, bench.heads)
    if place == "/":
        place = next((path for path, _, right in MENU if right in ROLES[user.role].rights), place)
    response = RedirectResponse(place, 303)
    response.set_cookie(COOKIE, secret, httponly=True, samesite="lax", secure=_is_secure(request))
    return response


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https" or request.app.state.bench.address.startswith("https://")


def own_place(text: str) -> str:
    """An address of these pages; the first page for any other."""
    return text if re.fullmatch(r"/(?![/\\])[^\x00-\x20\\]{0,4000}", text) and not text.startswith("/log") else "/"
