"""Line lists hold as many cases as the number that opened them says; a case, its versions, its duplicates."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from pipelines.lake.query import query
from tests.workbench.conftest import MONTHS, client, log_in, token
from workbench.audit import verify
from workbench.store import audit, link_verdict

TOTAL = re.compile(r'<p class="total"[^>]*><b>([\d,]+)</b>')
LINK = "/duplicate?key=src%3AHUMONLY-1-0&other=src%3AHUMONLY-1-1"


@pytest.mark.parametrize("month", [MONTHS[0], MONTHS[2]])
@pytest.mark.parametrize("population", ["human", "veterinary:dog"])
def test_each_number_of_the_table_opens_as_many_cases(browser, lake, population, month):
    log_in(browser, "ines")
    pairs = query(
        str(lake),
        f"SELECT substance_key, term_key, a, b, c, d FROM gold.signal WHERE population = '{population}' "
        f"AND month = '{month}' ORDER BY substance_key, term_key LIMIT 2",
    ).to_pylist()
    for pair in pairs:
        where = (
            f"population={quote(population)}&substance={quote(pair['substance_key'])}&term={quote(pair['term_key'])}"
        )
        for cell in "abcd":
            page = browser.get(f"/cases?{where}&month={month}&cell={cell}").text
            assert int(TOTAL.search(page)[1]) == pair[cell], (pair, cell)


def test_a_line_list_of_serious_cases_is_a_part_of_all(browser):
    log_in(browser, "claire")
    every, serious = (
        int(TOTAL.search(browser.get(f"/cases?population=human{more}").text)[1]) for more in ("", "&serious=1")
    )
    assert 0 < serious < every == 31


def test_a_case_shows_its_versions_what_changed_and_its_narrative_as_text(browser):
    page = log_in(browser, "claire").get("/case?key=src%3AHUMONLY-1-2").text
    assert "Version 2 of 2" in page
    changed = page[page.index('id="changes"') :]
    assert re.search(r"<td>Country</td><td>DE</td><td>FR</td>", changed)
    assert "&lt;b&gt;HUMONLY&lt;/b&gt; told" in page
    assert "Version 1 of 2" in browser.get("/case?key=src%3AHUMONLY-1-2&version=1").text
    assert browser.get("/case?key=src%3AHUMONLY-1-2&version=3").status_code == 404


def test_a_study_opens_a_case_by_its_pseudonym_and_reads_no_narrative(browser):
    page = log_in(browser, "yann").get("/cases?population=human").text
    key = re.search(r'href="/case\?key=(case-[0-9a-f]{16})', page)[1]
    page = browser.get(f"/case?key={key}").text
    assert "told" not in page
    assert "Narratives are not shown to your role" in page
    assert "WW-HUMONLY" not in page
    assert browser.get("/case?key=src%3AHUMONLY-1-2").status_code == 404


def test_a_verdict_about_a_link_is_kept_with_reason_name_and_audit(browser):
    page = log_in(browser, "claire").get(LINK).text
    assert "What the other verdict would change" in page
    sent = {"csrf": token(page), "key": "src:HUMONLY-1-0", "other": "src:HUMONLY-1-1", "verdict": "rejected"}
    sent |= {"reason": "narrative", "text": "Two animals <i>of</i> one farm."}
    answered = browser.post("/duplicate", data=sent)
    assert answered.status_code == 303
    page = browser.get(answered.headers["location"]).text
    assert "two cases" in page
    assert "Two animals &lt;i&gt;of&lt;/i&gt; one farm." in page
    for wrong in ({"text": "short"}, {"verdict": "maybe"}, {"reason": ""}):
        assert browser.post("/duplicate", data={**sent, **wrong}).status_code == 400
    assert browser.post("/duplicate", data={**sent, "csrf": "x"}).status_code == 403
    assert browser.post("/duplicate", data={**sent, "other": "src:HUMONLY-1-9"}).status_code == 404
    with browser.app_store.reading() as connection:
        row = connection.execute(sa.select(link_verdict)).mappings().one()
        told = connection.execute(sa.select(audit).where(audit.c.seq == row["audit_seq"])).mappings().one()
    assert (row["who"], row["domain"], told["act"], told["who"]) == ("claire", "human", "verdict", "claire")
    assert verify(browser.app_store) == []


def test_who_may_not_decide_says_nothing_of_a_link(lake, tmp_path):
    with client(lake, tmp_path) as browser:
        page = log_in(browser, "yann").get("/duplicates").text
        sent = {"csrf": token(page), "key": "src:HUMONLY-1-0", "other": "src:HUMONLY-1-1", "verdict": "rejected"}
        assert browser.post("/duplicate", data={**sent, "reason": "other", "text": "ten characters"}).status_code == 404
        assert 'action="/duplicate"' not in page
