"""A way to an object store that fails: it refuses, is slow, loses answers, is gone, or knows a key no longer."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from tests.store import Store, forget_clients

EXPIRED = "<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
FULL = "<Error><Code>XMinioStorageFull</Code><Message>Storage backend has reached its free drive threshold.</Message></Error>"
DENIED = "<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>"
BUSY = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
REFUSED = {"busy": (503, BUSY), "expired": (400, EXPIRED), "full": (507, FULL), "denied": (403, DENIED)}
OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

Fault = Callable[[int, str, str], str | None]  # of the number of a request, its method and path: what befalls it


def none(*_: object) -> str | None:
    """Nothing befalls any request."""
    return None


def now_and_then(shares: dict[str, float], seed: int) -> Fault:
    """Shares of the requests meet their fates, by a seed; only answers to what changes something are lost."""
    drawn = random.Random(seed)

    def fault(_: int, method: str, __: str) -> str | None:
        (fate,) = drawn.choices([*shares, None], [*shares.values(), 1 - sum(shares.values())])
        return None if fate == "lost" and method != "PUT" else fate

    return fault


def from_on(n: int, what: str) -> Fault:
    """Every request meets one fate from the n-th on."""
    return lambda i, *_: what if i >= n else None


def changes_from_on(n: int, what: str) -> Fault:
    """Every request that would change something meets one fate from the n-th request on; others are answered."""
    return lambda i, method, _: what if i >= n and method in ("PUT", "POST", "DELETE") else None


def each_commit_once() -> Fault:
    """The answer to each entry of a table's log is lost, the first time that it is put."""
    seen = set()

    def fault(_: int, method: str, path: str) -> str | None:
        name = urlsplit(path).path
        if method != "PUT" or "/_delta_log/" not in name or not name.endswith(".json") or name in seen:
            return None
        seen.add(name)
        return "lost"

    return fault


class _Listening(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that are gone before they are answered."""


class Way:
    """A way to a store on a port of its own: `fault` says what befalls a request, `befallen` counts what did.

    Fates: `REFUSED` with a status, `slow` (half a second later), `lost` (the store does it, the answer never comes),
    `cut` (the connection ends before the store hears of it).
    """

    def __init__(self, store: Store):
        """Open a way that nothing befalls yet."""
        self.fault: Fault = none
        self.befallen: Counter[str] = Counter()
        self.n = 0
        self._lock = threading.Lock()
        at = urlsplit(store.endpoint)
        self._host, self._port = str(at.hostname), int(at.port or 80)
        self.server = _Listening(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def endpoint(self) -> str:
        """Address that clients are told."""
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def set(self, fault: Fault) -> None:
        """Let another fault befall the requests from now on."""
        with self._lock:
            self.fault, self.n = fault, 0
            self.befallen.clear()

    def fate(self, method: str, path: str) -> str | None:
        """What befalls the next request."""
        with self._lock:
            self.n += 1
            found = self.fault(self.n, method, path)
            if found:
                self.befallen[found] += 1
            return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        way = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self) -> None:
                fate = way.fate(self.command, self.path)
                body = self._sent()
                if fate == "cut":
                    self._end()
                elif fate in REFUSED:
                    status, told = REFUSED[fate]
                    self._say(status, told.encode(), {})
                else:
                    if fate == "slow":
                        time.sleep(0.5)
                    status, headers, content = self._asked(body)
                    if fate == "lost":
                        self._end()
                    else:
                        self._say(status, content, headers)

            def _sent(self) -> bytes:
                if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                    return self.rfile.read(int(self.headers.get("Content-Length") or 0))
                body = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while self.rfile.readline().strip():
                    pass
                return body

            def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
                store = HTTPConnection(way._host, way._port, timeout=60)
                try:
                    headers = {n: v for n, v in self.headers.items() if n.lower() not in OWN_HEADERS}
                    store.request(self.command, self.path, body, headers)
                    answer = store.getresponse()
                    return answer.status, dict(answer.getheaders()), answer.read()
                except (OSError, HTTPException):
                    return 503, {}, BUSY.encode()
                finally:
                    store.close()

            def _say(self, status: int, content: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                told = {name.lower(): value for name, value in headers.items()}
                for name, value in headers.items():
                    if name.lower() not in OWN_HEADERS:
                        self.send_header(name, value)
                length = told.get("content-length", "0") if self.command == "HEAD" else str(len(content))
                self.send_header("Content-Length", length)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

            def _end(self) -> None:
                self.close_connection = True
                self.connection.close()

            do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer

        return Handler


@contextmanager
def way_to(store: Store) -> Iterator[Way]:
    """Put a way that fails before a store: this process and those that it starts go by it meanwhile."""
    way = Way(store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", way.endpoint)
        forget_clients()
        try:
            yield way
        finally:
            way.server.shutdown()
            way.server.server_close()
    forget_clients()
