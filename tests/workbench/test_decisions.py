"""Deciding: written once with the numbers that were seen, read by a second reader, superseded, never edited."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from pipelines.core.addresses import spelled
from tests.workbench.conftest import SHARED_SUBSTANCE, build, client, log_in, token
from workbench import decisions
from workbench import lake as reading_lake
from workbench.audit import verify
from workbench.store import decision

PAIR = {"population": "human", "substance": SHARED_SUBSTANCE, "term": "preferred_term:HUMONLY A"}
WHERE = "&".join(f"{k}={quote(v)}" for k, v in PAIR.items())
SAID = {"verdict": "validated", "reason": "consistent", "text": "Three of <b>four</b> recovered.", "stage": "validated"}
SAID |= {"due": "2024-06-30", "seen": "0"}


@pytest.fixture(params=["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.postgres)])
def browser(lake, tmp_path, request):
    """A browser that nobody has logged in with yet, on either database."""
    address = spelled(request.getfixturevalue("postgres")()) if request.param == "PostgreSQL" else ""
    with client(lake, tmp_path, address=address) as found:
        yield found


def _decide(browser: TestClient, **changed: str):
    page = browser.get(f"/decision?{WHERE}").text
    last = re.search(r'name="supersedes" value="(\d+)"', page)
    sent = {**PAIR, **SAID, "csrf": token(page), "supersedes": last[1] if last else "", **changed}
    return browser.post("/decision", data=sent)


def test_a_decision_keeps_the_numbers_that_were_seen(browser):
    answered = _decide(log_in(browser, "claire"))
    assert (answered.status_code, answered.headers["location"]) == (303, "/decision/record?id=1")
    page = browser.get("/decision/record?id=1").text
    assert "Signal validated" in page
    assert "Three of &lt;b&gt;four&lt;/b&gt; recovered." in page
    with browser.app_store.reading() as connection:
        row = connection.execute(sa.select(decision)).mappings().one()
    seen = json.loads(row["snapshot"])
    assert f"<b>{seen['a']}</b>" in browser.get(f"/signal?{WHERE}").text
    assert (seen["month"], seen["versions"]) == ("2024-03-31", {"gold.signal": 0})
    assert "Signal validated" in browser.get("/signals").text
    decided, still_open = (browser.get(f"/signals?decision={state}").text for state in ("decided", "open"))
    assert decided.count('class="pair"') == 1
    assert still_open.count('class="pair"') == browser.get("/signals").text.count('class="pair"') - 1
    assert verify(browser.app_store) == []


def test_a_second_reader_is_somebody_else_once(browser):
    _decide(log_in(browser, "claire"))
    page = browser.get(f"/decision?{WHERE}").text
    assert "Read as second reader" not in page
    sent = {"id": "1", "agrees": "1", "text": "Read and compared."}
    assert browser.post("/decision/reading", data={**sent, "csrf": token(page)}).status_code == 409
    page = log_in(browser, "ines").get(f"/decision?{WHERE}").text
    assert "Read as second reader" in page
    sent["csrf"] = token(page)
    assert browser.post("/decision/reading", data={**sent, "agrees": "2"}).status_code == 400
    assert browser.post("/decision/reading", data={**sent, "csrf": ""}).status_code == 403
    assert browser.post("/decision/reading", data=sent).status_code == 303
    assert browser.post("/decision/reading", data=sent).status_code == 409
    assert "agrees" in browser.get("/decision/record?id=1").text


def test_a_decision_is_superseded_and_both_stay(browser):
    log_in(browser, "claire")
    for verdict in ("monitor", "refuted"):
        assert _decide(browser, verdict=verdict).status_code == 303
    page = browser.get(f"/decision?{WHERE}").text
    assert page.index("Signal refuted") < page.index("superseded") < page.index("Record no. 1")
    assert _decide(browser, supersedes="1").status_code == 409
    assert _decide(browser, supersedes="").status_code == 409
    for statement in ("UPDATE decision SET verdict = 'closed'", "DELETE FROM decision"):
        with (
            pytest.raises(sa.exc.SQLAlchemyError, match="stay as they are"),
            browser.app_store.engine.begin() as writing,
        ):
            writing.exec_driver_sql(statement)


def test_numbers_that_changed_meanwhile_are_looked_at_again_first(tmp_path, monkeypatch):
    monkeypatch.setattr(reading_lake, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path / "lake")
    with client(tmp_path / "lake", tmp_path) as browser:
        log_in(browser, "claire")
        build(tmp_path / "lake")
        answered = _decide(browser)
        assert (answered.status_code, "numbers have changed" in answered.text) == (409, True)
        assert _decide(browser, seen="1").status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [{"verdict": "maybe"}, {"reason": ""}, {"text": "short"}, {"stage": "dreamt"}, {"due": ""}, {"due": "soon"}],
)
def test_half_a_decision_is_none(browser, wrong):
    assert _decide(log_in(browser, "claire"), **wrong).status_code == 400
    assert browser.get("/decision/record?id=1").status_code == 404


def test_the_other_agency_finds_no_decision_and_a_study_reads_but_does_not_decide(browser):
    _decide(log_in(browser, "claire"))
    log_in(browser, "marc")
    assert [browser.get(f"/decision{path}").status_code for path in (f"?{WHERE}", "/record?id=1")] == [404, 404]
    csrf = token(browser.get("/signals").text)
    sent = {"csrf": csrf, "id": "1", "agrees": "1", "text": "Read and compared."}
    assert browser.post("/decision/reading", data=sent).status_code == 404
    assert browser.post("/decision", data={**PAIR, **SAID, "csrf": csrf}).status_code == 404
    log_in(browser, "yann")
    page = browser.get(f"/decision?{WHERE}").text
    assert "Signal validated" in page
    assert 'action="/decision"' not in page
    assert browser.post("/decision", data={**PAIR, **SAID, "csrf": token(page)}).status_code == 404


def test_what_is_due_is_overdue_the_day_after():
    row = {"due": "2024-06-30", "stage": "validated"}
    import datetime as dt

    assert not decisions.is_overdue(row, dt.date(2024, 6, 30))
    assert decisions.is_overdue(row, dt.date(2024, 7, 1))
    assert not decisions.is_overdue({**row, "stage": "closed"}, dt.date(2024, 7, 1))
    assert not decisions.is_overdue({"due": None, "stage": "closed"})
