"""Pages on things: side by side, registers with the drawn graph, use, the league; each says what its tables hold."""

from __future__ import annotations

import json
import re

import pytest

from pipelines.lake.query import query
from tests.workbench.conftest import MARKS, SHARED_SUBSTANCE, build, client, log_in
from workbench.store import audit


def _charts(page: str) -> list[dict]:
    return [json.loads(s) for s in re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)]


def _columns(page: str, region: str) -> list[list[str]]:
    """Cells of the table of a region, row by row."""
    table = re.search(rf'aria-label="{region}"><table>(.*?)</table>', page, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1], re.DOTALL)
    return [
        [re.sub(r"<[^>]+>", "", c).strip() for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in rows
    ]


def test_one_substance_at_two_dates_shows_the_numbers_of_both_months(browser):
    log_in(browser, "claire")
    page = browser.get(f"/compare?population=human&substance={SHARED_SUBSTANCE}&then=2024-02-29").text
    rows = _columns(page, "Side by side")
    assert all(int(row[1]) >= int(row[5]) for row in rows)  # as many or more are known at the end
    for month, place in (("2024-03-31", 1), ("2024-02-29", 5)):
        for row, link in zip(rows, re.findall(rf'href="(/signal\?[^"]*month={month})"', page), strict=True):
            assert f"<b>{row[place]}</b>" in browser.get(link.replace("&amp;", "&")).text
    assert {v["side"] for layer in _charts(page)[0]["layer"][1:] for v in layer["data"]["values"]} == {
        f"{SHARED_SUBSTANCE}, 2024-03",
        f"{SHARED_SUBSTANCE}, 2024-02",
    }


def test_two_substances_are_found_by_name_or_key(browser):
    log_in(browser, "claire")
    one = browser.get(f"/compare?population=human&substance={SHARED_SUBSTANCE.lower()}&other=KEYHUMONLY").text
    assert "events on either side" in one
    assert browser.get("/compare?population=human&substance=nobody").status_code == 404
    assert browser.get("/compare?population=moon&substance=x").status_code == 404
    assert "Choose a substance" in browser.get("/compare").text
    assert "Choose a substance" in browser.get(f"/compare?population=human&substance={SHARED_SUBSTANCE}").text


def test_a_thing_shows_its_links_drawn_and_listed(browser):
    log_in(browser, "claire")
    page = browser.get("/register?kind=site&key=SITE").text
    assert 'href="/register?kind=batch&amp;key=B-HUMONLY"' in page.split("<svg")[1].split("</svg>")[0]
    assert 'href="/case?key=src%3AHUMONLY-1-0"' in page.split("</svg>")[1]
    assert "style" not in page.split("<svg")[1].split("</svg>")[0]  # the policy of contents forbids it
    assert 'id="facts"' not in page  # of figures over both agencies' cases one agency sees none
    assert "n_reports" in log_in(browser, "ines").get("/register?kind=site&key=SITE").text
    assert "HUMONLY batch" in browser.get("/registers?q=humonly").text
    assert browser.get("/register?kind=site&key=nowhere").status_code == 404


def test_a_study_sees_no_link_that_is_not_public(browser):
    log_in(browser, "yann")
    assert browser.get("/register?kind=batch&key=B-HUMONLY").status_code in (200, 404)
    assert "src:" not in browser.get("/register?kind=site&key=SITE").text
    assert "HUMONLY batch" not in browser.get("/registers").text


@pytest.mark.parametrize(("user", "mark", "other"), [("claire", "HUMONLY", "VETONLY"), ("marc", "VETONLY", "HUMONLY")])
def test_use_and_league_are_of_ones_own(browser, user, mark, other):
    log_in(browser, user)
    use, league = (browser.get(a).text for a in (f"/exposure?substance={SHARED_SUBSTANCE}", "/league"))
    assert [m in use for m in (mark, other)] == [True, False]
    assert [row[0] for row in _columns(use, "Reporting rates")] == [f"{mark} term"]
    assert [row[0] for row in _columns(league, "The league")] == [mark, f"{mark} too"]
    assert browser.get("/league?domain=all").status_code == 400  # over both agencies
    assert log_in(browser, "ines").get("/league?domain=all").status_code == 200


def test_a_chart_has_its_table(browser):
    log_in(browser, "ines")
    for address, region in (
        ("/league", "The league"),
        (f"/exposure?substance={SHARED_SUBSTANCE}", "Use of the substance"),
    ):
        page = browser.get(address).text
        assert len(_columns(page, region)) == len(MARKS)
        assert len(_charts(page)) == 1


def test_one_substance_in_two_lakes_shows_the_numbers_of_both_and_each_reader_sees_its_own(lake, tmp_path):
    build(tmp_path / "beside", human=4)
    with client(lake, tmp_path, beside=tmp_path / "beside") as browser:
        log_in(browser, "claire")
        asked = f"/compare?population=human&substance={SHARED_SUBSTANCE}"
        page = browser.get(f"{asked}&beside=1").text
        assert f"{SHARED_SUBSTANCE}, 2024-03, the other lake" in page
        for n, root in ((1, lake), (5, tmp_path / "beside")):
            sql = "SELECT term_name, a FROM gold.signal WHERE population = 'human' AND is_latest AND substance_key = "
            counted = {r["term_name"]: str(r["a"]) for r in query(str(root), f"{sql}'{SHARED_SUBSTANCE}'").to_pylist()}
            assert {row[0]: row[n] for row in _columns(page, "Side by side")} == counted
        assert "Tables of the other lake" in page
        assert "Tables of the other lake" not in browser.get(asked).text
        with browser.app_store.reading() as connection:
            seen = [row for row in connection.execute(audit.select()).mappings() if "beside=1" in row["object"]]
        assert [("gold.signal" in row["versions"], "beside:gold.signal" in row["versions"]) for row in seen] == [
            (True, True)
        ]
        assert "VETONLY" not in page
        assert browser.get(asked.replace("human", "veterinary") + "&beside=1").status_code == 404


def test_without_another_lake_none_can_be_asked(browser):
    log_in(browser, "claire")
    assert browser.get(f"/compare?population=human&substance={SHARED_SUBSTANCE}&beside=1").status_code == 404
    assert "the other lake" not in browser.get("/compare").text
