"""Hostile input: what stands before the pages, sessions and forms."""

from __future__ import annotations

import asyncio
import datetime as dt
import re

import pytest
import sqlalchemy as sa

from tests.workbench.conftest import build, client, log_in, token, write
from workbench import people
from workbench.guard import HEADERS
from workbench.store import session


@pytest.mark.parametrize("address", ["/login", "/signals", "/nothing", "/static/workbench.css", "/signals?page=0"])
def test_every_answer_forbids_frames_foreign_scripts_and_guessing(browser, address):
    for browsing in (browser, log_in(browser, "claire")):
        headers = browsing.get(address).headers
        assert {name: headers.get(name) for name in HEADERS} == HEADERS
        assert "unsafe" not in headers["content-security-policy"]


def test_pages_are_kept_nowhere_and_files_are(browser):
    log_in(browser, "claire")
    assert browser.get("/signals").headers["cache-control"] == "no-store"
    assert "max-age" in browser.get("/static/workbench.css").headers["cache-control"]


def test_names_with_html_are_shown_as_text(tmp_path):
    build(tmp_path / "lake")
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
    row = {"population": "human", "domain": "human", "substance_key": "s", "term_key": "t", "is_latest": True}
    row |= {
        "a": 3,
        "ic": 1.0,
        "ic025": 0.5,
        "ic975": 1.5,
        "substance_name": hostile,
        "term_name": "</script>" + hostile,
    }
    write(tmp_path / "lake", "gold.signal", [row])
    with client(tmp_path / "lake", tmp_path) as browser:
        log_in(browser, "claire")
        for address in ("/signals", "/signal?population=human&substance=s&term=t", "/signals?q=%3Cscript%3Ealert(1)"):
            page = browser.get(address).text
            assert "<img" not in page
            assert "<script>alert" not in page
            scripts = re.findall(r"<script\b[^>]*>", page)
            assert all("src=" in s or 'type="application/json"' in s for s in scripts)


def _status(app, path: str, query: bytes) -> int:
    """Status of an answer to what no client would send."""
    said = []
    scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query}

    async def nothing() -> dict:
        return {"type": "http.request", "body": b""}

    async def keep(message: dict) -> None:
        said.append(message)

    asyncio.run(app({**scope, "headers": [(b"host", b"localhost")]}, nothing, keep))
    return said[0]["status"]


def test_an_address_or_form_that_is_too_long_is_refused(browser):
    log_in(browser, "claire")
    assert _status(browser.app, "/signals", b"q=" + b"a" * 10_000_000) == 414
    assert _status(browser.app, "/" + "a" * 10_000_000, b"") == 414
    assert browser.post("/login", content=b"a" * 10_000_000).status_code == 413
    assert browser.post("/login", content=iter([b"a" * 100_000] * 20)).status_code == 413
    assert browser.get("/signals?q=" + "a" * 500).status_code == 400
    many = "&".join(f"a{i}=1" for i in range(200))
    assert browser.post("/login", content=many.encode()).status_code == 400
    assert browser.post("/login", content=b"\xff\xfe").status_code == 400


@pytest.mark.parametrize(
    "name", ["../store.py", "..%2fstore.py", "%2e%2e/store.py", "/etc/passwd", "vendor/LICENCES.md", ""]
)
def test_only_shipped_files_are_served(browser, name):
    assert browser.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil", ""])
def test_another_host_is_not_served(browser, host):
    assert browser.get("/login", headers={"host": host}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_is_refused(browser, headers):
    sent = {"user": "claire", "purpose": "regulatory"}
    assert browser.post("/login", data=sent, headers=headers).status_code == 403
    assert browser.post("/login", data=sent, headers={"origin": "http://localhost"}).status_code == 303


@pytest.mark.parametrize(
    "after",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil", "javascript:alert(1)", "/logout"],
)
def test_logging_in_leads_to_these_pages_only(browser, after):
    answered = browser.post("/login", data={"user": "claire", "purpose": "regulatory", "next": after})
    assert answered.headers["location"] in ("/", "/%09/evil")


@pytest.mark.parametrize(
    "sent",
    [{"user": "root", "purpose": "regulatory"}, {"user": "claire", "purpose": "curiosity"}, {"user": "claire"}, {}],
)
def test_no_user_or_purpose_of_ones_own_making(browser, sent):
    answered = browser.post("/login", data=sent)
    assert answered.status_code in (400, 404)
    assert "gerland_session" not in browser.cookies


def test_a_cookie_that_is_made_up_cut_or_that_of_an_ended_session_opens_nothing(browser):
    log_in(browser, "claire")
    mine = browser.cookies["gerland_session"]
    page = browser.get("/signals").text
    assert browser.post("/logout", data={"csrf": "x"}).status_code == 303
    browser.cookies.set("gerland_session", mine)
    assert browser.get("/signals").status_code == 200  # a form without the token ended nothing
    browser.post("/logout", data={"csrf": token(page)})
    for forged in (mine, mine[:-1], "x" * 43, "x" * 10_000, "' OR 1=1 --", "é"):
        browser.cookies.clear()
        browser.cookies.set("gerland_session", forged.encode("ascii", "ignore").decode())
        assert browser.get("/signals").status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser):
    answered = browser.post("/login", data={"user": "claire", "purpose": "regulatory"})
    said = answered.headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    assert browser.cookies["gerland_session"] not in str(_sessions(browser))  # the store holds its hash


def _sessions(browser) -> list[dict]:
    with browser.app_store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(session)).mappings()]


@pytest.mark.parametrize(("column", "age"), [("seen", people.IDLE), ("begun", people.LONGEST)])
def test_a_session_ends_by_itself(browser, column, age):
    log_in(browser, "claire")
    past = (dt.datetime.now(dt.UTC) - age - dt.timedelta(seconds=1)).isoformat(timespec="microseconds")
    with browser.app_store.writing() as connection:
        connection.execute(session.update().values(**{column: past}))
    assert browser.get("/signals").status_code == 303
