"""Leaving: small cells hidden, what gives them away too, earlier releases looked at, two others agree."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import zipfile
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from tests.workbench.conftest import log_in, token
from workbench.audit import verify
from workbench.store import audit, release

SELECTION = {"population": "human", "dimension1": "sex", "dimension2": "seriousness", "profile": "opensafely"}
WORDS = "For the yearly report of the agency."


def _draft(browser: TestClient, **changed: str):
    asked = {**SELECTION, **changed}
    page = browser.get(f"/release/new?{urlencode(asked)}").text
    return browser.post("/release/new", data={**asked, "text": WORDS, "csrf": token(page)})


def _check(browser: TestClient, number: int, agrees: str = "1"):
    page = browser.get(f"/release?id={number}").text
    sent = {"id": str(number), "agrees": agrees, "text": "Looked at every cell.", "csrf": token(page)}
    return browser.post("/release/check", data=sent)


def _cells(browser: TestClient, number: int) -> tuple[list[dict[str, str]], dict]:
    answered = browser.get(f"/release/file?id={number}")
    assert answered.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answered.content)) as archive:
        data, manifest = archive.read("release.csv"), json.loads(archive.read("manifest.json"))
    assert hashlib.sha256(data).hexdigest() == manifest["sha256"]
    return list(csv.DictReader(io.StringIO(data.decode()))), manifest


def test_a_table_leaves_once_two_others_agree(browser):
    answered = _draft(log_in(browser, "yann"))
    assert (answered.status_code, answered.headers["location"]) == (303, "/release?id=1")
    assert browser.get("/release/file?id=1").status_code == 404
    assert "May it leave?" not in browser.get("/release?id=1").text
    assert _check(log_in(browser, "claire"), 1).status_code == 303
    assert browser.get("/release/file?id=1").status_code == 404
    assert "May it leave?" not in browser.get("/release?id=1").text  # once each
    assert _check(browser, 1).status_code == 409
    assert _check(log_in(browser, "ines"), 1).status_code == 303
    cells, manifest = _cells(log_in(browser, "yann"), 1)
    assert manifest["agreed_by"] == ["claire", "ines"]
    assert manifest["cases"]["month"] == "2024-03-31"  # the last, where none was asked for
    assert manifest["hidden_cells"] == sum(cell["hidden"] == "hidden" for cell in cells) > 0
    assert {cell["hidden"] for cell in cells} == {"", "hidden"}
    for cell in cells:
        assert (cell["cases"] == "") == (cell["hidden"] == "hidden")
        assert cell["cases"] == "" or int(cell["cases"]) == 0 or int(cell["cases"]) >= 8
        assert cell["cases"] == "" or int(cell["cases"]) % 5 == 0
    with browser.app_store.reading() as connection:
        acts = connection.execute(sa.select(audit.c.act)).scalars().all()
    assert {"release", "release check", "release file"} <= set(acts)
    assert verify(browser.app_store) == []


def test_one_refusal_keeps_it_in(browser):
    _draft(log_in(browser, "yann"))
    _check(log_in(browser, "claire"), 1, agrees="0")
    assert "refused" in browser.get("/release?id=1").text
    assert _check(log_in(browser, "ines"), 1).status_code == 409
    assert browser.get("/release/file?id=1").status_code == 404


def test_who_drafted_does_not_check_and_a_release_stays_as_written(browser):
    _draft(log_in(browser, "yann"))
    page = browser.get("/releases").text
    sent = {"id": "1", "agrees": "1", "text": "I agree with myself.", "csrf": token(page)}
    assert browser.post("/release/check", data=sent).status_code == 404  # has no such right
    with pytest.raises(sa.exc.IntegrityError), browser.app_store.writing() as connection:
        connection.execute(release.update().values(content="{}"))


def test_the_other_agency_sees_no_release(browser):
    _draft(log_in(browser, "yann"))
    log_in(browser, "marc")
    assert "release 1" not in browser.get("/releases").text
    answers = {re.sub(r"id=\d", "", browser.get(f"/release?id={n}").text) for n in (1, 2)}
    assert len(answers) == 1  # his and nobody's answer alike
    assert browser.get("/release?id=1").status_code == 404
    assert browser.get(f"/release/new?{urlencode(SELECTION)}").status_code == 404


def test_a_second_release_that_tells_of_few_with_the_first_says_so(browser):
    _draft(log_in(browser, "yann"), dimension2="", profile="snds11")
    with browser.app_store.reading() as connection:
        before = json.loads(connection.execute(sa.select(release.c.content)).scalar_one())
    assert max(n for n in before["shown"] if n is not None) > 10
    again = browser.get(f"/release/new?{urlencode({**SELECTION, 'dimension2': '', 'profile': 'snds11'})}").text
    assert "No cell differs from an earlier release by few." in again
    exact = browser.get(f"/release/new?{urlencode({**SELECTION, 'dimension2': '', 'profile': 'opensafely'})}").text
    assert re.search(r"With what left before, \d+ cells tell of few", exact)  # the same cell exact and rounded


def test_a_table_that_would_be_hidden_whole_is_refused_with_a_sentence(browser):
    log_in(browser, "yann")
    few = {**SELECTION, "profile": "snds11", "term": "preferred_term:HUMONLY A", "serious": "1", "month": "2024-02-29"}
    page = browser.get(f"/release/new?{urlencode(few)}").text
    assert "every cell would be hidden: take fewer levels, or more cases" in page
    answered = browser.post("/release/new", data={**few, "text": WORDS, "csrf": token(page)})
    assert (answered.status_code, "every cell would be hidden" in answered.text) == (409, True)
    french = browser.get(f"/release/new?{urlencode({**few, 'lang': 'fr'})}").text
    assert "toutes les cellules seraient masquées" in french


def test_wrong_dimensions_and_forms_are_refused(browser):
    log_in(browser, "yann")
    for wrong in ({"dimension1": "password"}, {"dimension2": "sex"}, {"profile": "none"}, {"measure": "1; DROP"}):
        assert browser.get(f"/release/new?{urlencode({**SELECTION, **wrong})}").status_code == 400
    assert browser.post("/release/new", data={**SELECTION, "text": WORDS}).status_code == 403


def test_an_assessor_may_not_draft_and_a_stranger_sees_nothing(browser):
    assert browser.get("/releases").status_code == 303
    log_in(browser, "claire")
    assert browser.get(f"/release/new?{urlencode(SELECTION)}").status_code == 404
