"""What stands before every page: limits on what is asked, and headers on what is answered.

Belongs here: what holds for all routes alike. Does not: who may see what (`policy`), sessions (`people`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_QUERY_BYTES = 8_192
MOST_BODY_BYTES = 262_144
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
READING = ("GET", "HEAD")


class Guard:
    """Refuses what is too long, comes from another site, or names another host; sets headers on what is answered."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]):
        """Stand before `app`; `hosts` are the names, without port, under which it may be asked."""
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        told = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if problem := self._problem(scope, told):
            code, words = problem
            await PlainTextResponse(words, status_code=code)(scope, receive, answer)
            return
        await self.app(scope, _limited(receive), answer)

    def _problem(self, scope: Scope, told: dict[str, str]) -> tuple[int, str] | None:
        host = told.get("host", "")
        if urlsplit(f"//{host}").hostname not in self.hosts:
            return 400, "this host is not served here"
        if len(scope["query_string"]) > MOST_QUERY_BYTES or len(scope.get("raw_path") or b"") > MOST_QUERY_BYTES:
            return 414, "the address is too long"
        length = told.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BODY_BYTES:
            return 413, "what was sent is too long"
        if scope["method"] not in READING and _is_foreign(told, host):
            return 403, "forms are sent from these pages only"
        return None


class TooLong(Exception):
    """More was sent than is taken."""


def _limited(receive: Receive) -> Receive:
    """Receive a body of no told length up to the limit."""
    taken = 0

    async def limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MOST_BODY_BYTES:
            raise TooLong
        return message

    return limited


def _is_foreign(told: dict[str, str], host: str) -> bool:
    """Tell whether a browser says that a form stood on another site."""
    if told.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    return "origin" in told and urlsplit(told["origin"]).netloc != host
