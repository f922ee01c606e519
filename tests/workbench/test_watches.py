"""Watches: an address kept tells what came, left and changed since its reader last said that they had seen it."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.workbench.conftest import MONTHS, SHARED_SUBSTANCE, build, client, log_in, token, write
from workbench import lake as reading
from workbench import watches
from workbench.audit import verify
from workbench.store import watch

LIST = "/signals?population=human&least=2"
PAIR = f"/signal?population=human&substance={SHARED_SUBSTANCE}&term=preferred_term%3AHUMONLY+A"


def _signal(substance: str, term: str, a: int, **more) -> dict:
    said = {"population": "human", "domain": "human", "month": MONTHS[-1], "is_latest": True, "is_ic_signal": True}
    names = {"substance_name": substance.upper(), "term_name": term.upper()}
    return {**said, **names, "substance_key": substance, "term_key": term, "a": a, **more}


@pytest.fixture
def own(tmp_path, monkeypatch) -> TestClient:
    """A workbench on a lake of its own, of three pairs, that is looked at anew at each request."""
    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path / "lake")
    _publish(tmp_path, [_signal("s1", "t", 5), _signal("s2", "t", 5), _signal("s3", "t", 1)])
    with client(tmp_path / "lake", tmp_path) as found:
        yield log_in(found, "claire")


def _publish(home, rows: list[dict]) -> None:
    other = [_signal("v", "t", 9) | {"population": "veterinary", "domain": "veterinary", "substance_name": "VETONLY"}]
    write(home / "lake", "gold.signal", rows + other)


def _watch(browser: TestClient, place: str = LIST, **sent: str):
    page = browser.get("/signals").text
    return browser.post("/watch", data={"csrf": token(page), "place": place, "title": "Mine & <b>all</b>", **sent})


def test_a_watch_tells_on_the_first_page_what_came_left_and_changed_until_it_is_seen(own, tmp_path):
    answered = _watch(own)
    assert (answered.status_code, answered.headers["location"]) == (303, "/watch?id=1")
    assert "Nothing has changed." in own.get("/watch?id=1").text
    assert "What you watch has changed" not in own.get("/").text

    _publish(tmp_path, [_signal("s1", "t", 8), _signal("s3", "t", 2), _signal("s4", "t", 1)])
    home = own.get("/").text
    assert "What you watch has changed" in home
    assert "Mine &amp; &lt;b&gt;all&lt;/b&gt;" in home
    assert "1 came, 1 changed, 1 left." in home
    page = own.get("/watch?id=1").text
    came, changed, left = (
        re.search(rf"<h2>{h}</h2>(.*?)</section>", page, re.DOTALL)[1] for h in ("Came", "Changed", "Left")
    )
    assert ("S3" in came, "5 → 8" in changed, "S2" in left) == (True, True, True)
    assert "1 came, 1 changed, 1 left." in own.get("/").text  # looking is not saying that one has seen it

    version = re.search(r'name="version" value="(\d+)"', page)[1]
    _publish(tmp_path, [_signal("s1", "t", 9)])
    sent = {"csrf": token(page), "id": "1", "version": version}
    assert own.post("/watch/seen", data=sent).status_code == 409  # what came meanwhile was not on the page
    sent["version"] = re.search(r'name="version" value="(\d+)"', own.get("/watch?id=1").text)[1]
    assert own.post("/watch/seen", data=sent).status_code == 303
    assert "Nothing has changed." in own.get("/watch?id=1").text
    assert verify(own.app_store) == []


def test_a_pair_and_what_is_decided_of_it_are_watched(own, tmp_path):
    _watch(own, "/signal?population=human&substance=s1&term=t&month=2024-03-31", title="a pair")
    _watch(own, "/signals?population=human&decision=open", title="open")
    with own.app_store.reading() as connection:
        places = connection.execute(sa.select(watch.c.place)).scalars().all()
    assert places[0] == "/signal?population=human&substance=s1&term=t"  # of the last month, whichever that is
    page = own.get("/decision?population=human&substance=s1&term=t").text
    said = {"population": "human", "substance": "s1", "term": "t", "verdict": "closed", "reason": "known"}
    seen = re.search(r'name="seen" value="(\d+)"', page)[1]
    said |= {"text": "Known for long.", "stage": "closed", "csrf": token(page), "seen": seen}
    assert own.post("/decision", data=said).status_code == 303
    assert "1 left." in own.get("/watch?id=2").text
    assert "Nothing has changed." in own.get("/watch?id=1").text
    assert own.get("/watches").text.count('<th scope="row">') == 2


def test_a_watch_is_shared_with_those_who_may_see_it_and_ended_by_its_keeper(browser):
    log_in(browser, "claire")
    _watch(browser, title="for both", shared="1")
    _watch(browser, title="for me")
    assert [name in browser.get("/watches").text for name in ("for both", "for me")] == [True, True]
    page = log_in(browser, "ines").get("/watches").text  # reads for ANSM and ANSES
    assert ["for both" in page, "for me" in page] == [True, False]
    sent = {"csrf": token(browser.get("/watch?id=1").text), "id": "1"}
    assert browser.post("/watch/end", data=sent).status_code == 404
    page = log_in(browser, "marc").get("/watches").text  # reads for ANSES alone
    assert "for both" not in page
    assert (browser.get("/watch?id=1").status_code, browser.get("/watch?id=2").status_code) == (404, 404)
    assert browser.get("/watch?id=1").text == browser.get("/watch?id=77").text.replace("id=77", "id=1")
    log_in(browser, "claire")
    sent["csrf"] = token(browser.get("/watch?id=1").text)
    assert browser.post("/watch/end", data=sent).status_code == 303
    assert "for both" not in browser.get("/watches").text


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"csrf": "x"}, 403),
        ({"place": "/signals?population=veterinary"}, 404),
        ({"place": "/signal?population=veterinary&substance=v&term=t"}, 404),
        ({"place": "/cases?population=human"}, 400),
        ({"place": "https://evil.example/signals?population=human"}, 400),
        ({"place": "//evil.example/signals?population=human"}, 400),
        ({"place": "/signals"}, 400),
        ({"place": "/signals?population=human&least=many"}, 400),
        ({"place": "/signals?population=human&q=" + "a" * 5000}, 400),
        ({"title": "x"}, 400),
        ({"title": "y" * 121}, 400),
        ({"title": "a\u0000b"}, 400),
    ],
    ids=str,
)
def test_what_is_no_address_of_ones_own_can_not_be_watched(browser, sent, status):
    assert _watch(log_in(browser, "claire"), **sent).status_code == status
    with browser.app_store.reading() as connection:
        assert connection.execute(sa.select(watch)).all() == []


def test_a_list_that_is_too_long_and_a_watch_too_many_are_refused(browser, monkeypatch):
    log_in(browser, "claire")
    monkeypatch.setattr(watches, "MOST_WATCHES", 1)
    assert [_watch(browser).status_code for _ in range(2)] == [303, 409]
    monkeypatch.setattr(watches, "MOST_PAIRS", 1)
    assert "can&#39;t be watched any more" in browser.get("/watch?id=1").text
    log_in(browser, "ines")
    assert _watch(browser, "/signals?population=human").status_code == 400


def test_a_change_is_of_pairs_not_of_names():
    seen = {"a": {"a": 1, "raised": 0, "term_name": "x"}, "b": {"a": 1, "raised": 1}}
    stands = {"a": {"a": 1, "raised": 0, "term_name": "y"}, "b": {"a": 1, "raised": 2}, "c": {"a": 1, "raised": 0}}
    found = watches.change(seen, stands)
    assert (found.came, found.left, len(found.other)) == ([stands["c"]], [], 1)
    assert not watches.change(stands, stands)
