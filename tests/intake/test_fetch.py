"""Downloads from a server on this machine that misbehaves on request."""

from __future__ import annotations

import datetime as dt
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from pipelines.core.source import Days, Download, Source
from pipelines.intake.fetch import FetchError, fetch
from tests.intake.toy import SOURCE

MODIFIED = "Mon, 02 Sep 2024 10:00:00 GMT"


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("a.txt", b"x" * 50_000)
    return out.getvalue()


DATA = archive()


class Server(BaseHTTPRequestHandler):
    script: ClassVar[list[str]] = []
    seen: ClassVar[list[dict[str, str]]] = []

    def log_message(self, *args):
        pass

    def do_GET(self):
        Server.seen.append(dict(self.headers))
        behaviour = Server.script.pop(0) if Server.script else "whole"
        start = int(self.headers["Range"].split("=")[1].rstrip("-")) if "Range" in self.headers else 0
        if behaviour == "missing":
            return self.send_error(404)
        if behaviour == "busy":
            self.send_response(429)
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        body = {"page": b"<!DOCTYPE html><html></html>", "torn": DATA[:3000]}.get(behaviour, DATA)
        ranged = start and behaviour != "no range"
        body = body[start:] if ranged else body
        self.send_response(206 if ranged else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"v1"')
        self.send_header("Last-Modified", MODIFIED)
        self.end_headers()
        self.wfile.write(body[:20_000] if behaviour == "cut" else body)


@pytest.fixture
def card():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Server.script, Server.seen = [], []
    url = f"http://127.0.0.1:{server.server_port}/data.zip"
    yield Source(
        name="toy", title="", publisher="", agency="", domain="", licence="", cadence=Days(None, ""), grain="", lag=Days(None, ""), traps=(),
        homepage="the moon", downloads=(Download(url, "data.zip"),),
    )  # fmt: skip
    server.shutdown()
    server.server_close()


def get(card, landing, *script):
    Server.script = list(script)
    waits: list[float] = []
    return fetch(card, landing, lambda _: None, waits.append)[0], waits


def test_a_whole_file_lands_under_its_date_and_once(card, tmp_path):
    landing = tmp_path / "landing"
    first, _ = get(card, landing)
    assert first.path == landing / "toy" / "2024-09-02" / "data.zip"
    assert first.path.read_bytes() == DATA
    assert dt.datetime.fromtimestamp(first.path.stat().st_mtime, dt.UTC).date() == dt.date(2024, 9, 2)
    second, _ = get(card, landing)
    assert (second.path, second.is_new) == (first.path, False)
    assert [p.name for p in landing.rglob("*") if p.is_file()] == ["data.zip"]
    assert "gerland" in Server.seen[0]["User-Agent"]


def test_a_cut_download_is_resumed_where_it_ended(card, tmp_path):
    done, waits = get(card, tmp_path / "landing", "cut", "whole")
    assert done.path.read_bytes() == DATA
    assert Server.seen[1]["Range"] == "bytes=20000-"
    assert Server.seen[1]["If-Range"] == '"v1"'
    assert waits == [1.0]


def test_a_server_without_ranges_is_read_from_the_start(card, tmp_path):
    done, _ = get(card, tmp_path / "landing", "cut", "no range")
    assert done.path.read_bytes() == DATA


def test_the_servers_wish_to_wait_is_granted(card, tmp_path):
    _, waits = get(card, tmp_path / "landing", "busy", "whole")
    assert waits == [7.0]


@pytest.mark.parametrize(
    ("script", "said"),
    [(["page"], "HTML"), (["torn"], "truncated or no archive"), (["missing"], "404"), (["busy"] * 5, "run again")],
)
def test_what_is_not_the_file_never_lands(card, tmp_path, script, said):
    with pytest.raises(FetchError, match=said):
        get(card, tmp_path / "landing", *script)
    assert not list((tmp_path / "landing").rglob("*.*"))


def test_a_source_without_downloads_says_where_its_files_are(tmp_path):
    with pytest.raises(FetchError, match="no direct download"):
        fetch(SOURCE, tmp_path, lambda _: None)
