"""Ranking and signal: what they list is what the table holds, and the address is their state."""

from __future__ import annotations

import re
import shutil
from html import unescape
from urllib.parse import quote

import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from pipelines.lake.query import query
from tests.workbench.conftest import MONTHS, SHARED_SUBSTANCE, build, client, log_in
from workbench.asked import Asked, BadAddress
from workbench.pages.ranking import SORTS, State

TOTAL = re.compile(r'<p class="total"[^>]*><b>([\d,]+)</b>')
LINK = re.compile(r'<th scope="row" class="pair"><a href="([^"]+)"')


def _signal(
    population: str = "human", substance: str = SHARED_SUBSTANCE, term: str = "preferred_term:HUMONLY A"
) -> str:
    return f"/signal?population={quote(population)}&substance={quote(substance)}&term={quote(term)}"


def test_the_list_tells_the_true_total_and_the_order_of_the_table(browser, lake):
    page = log_in(browser, "claire").get("/signals").text
    expected = query(str(lake), "SELECT count(*) AS n FROM gold.signal WHERE population = 'human' AND is_latest")
    assert TOTAL.search(page)[1] == str(expected["n"][0])
    by_n = [unescape(a) for a in LINK.findall(browser.get("/signals?sort=n").text)]
    upwards = [unescape(a) for a in LINK.findall(browser.get("/signals?sort=n&direction=up").text)]
    assert len(by_n) == len(set(by_n)) == int(TOTAL.search(page)[1])
    assert set(by_n) == set(upwards)
    assert by_n[0] != upwards[0]


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_lists_every_pair_once_in_both_languages(browser, sort):
    log_in(browser, "ines")
    pages = [browser.get(f"/signals?population=veterinary&sort={sort}&lang={lang}") for lang in ("en", "fr")]
    listed = [LINK.findall(page.text) for page in pages]
    assert listed[0] == listed[1]
    assert len(listed[0]) == len(set(listed[0])) > 0


def test_filters_narrow_and_say_so(browser):
    log_in(browser, "claire")
    everything = int(TOTAL.search(browser.get("/signals").text)[1])
    for narrower in (
        "q=humonly%20a",
        "least=12",
        "methods=2",
        "new=1",
        "since=2024-02-01",
        "soc=soc%201",
        "q=sharedmoiety%20fr",
    ):
        found = int(TOTAL.search(browser.get(f"/signals?{narrower}").text)[1])
        assert 0 < found < everything, narrower
    assert "No pair fits" in browser.get("/signals?q=nothing%20of%20the%20kind").text


def test_a_month_shows_what_was_known_then(browser, lake):
    log_in(browser, "claire")
    page = browser.get(f"/signals?month={MONTHS[0]}").text
    assert "as known on 2024-01-31" in page
    expected = query(
        str(lake), "SELECT count(*) AS n FROM gold.signal WHERE population = 'human' AND month = '2024-01-31'"
    )
    assert TOTAL.search(page)[1] == str(expected["n"][0])


def test_a_signal_shows_its_numbers_the_query_and_what_they_are_of(browser, lake):
    page = log_in(browser, "claire").get(_signal()).text
    row = query(
        str(lake),
        f"SELECT a, b, c, d FROM gold.signal WHERE is_latest AND substance_key = '{SHARED_SUBSTANCE}' "
        "AND term_key = 'preferred_term:HUMONLY A'",
    ).to_pylist()[0]
    for cell in row.values():
        assert re.search(rf">{cell}<", page)
    assert "FROM gold.signal" in page
    assert "gold.signal v0" in page
    assert "as known on 2024-03-31" in page
    assert "runHUMON" in page
    assert page.count("<figure") == page.count('"$schema"') >= 4


def test_the_query_that_is_shown_gives_what_the_page_shows(browser, lake):
    page = log_in(browser, "claire").get("/signals?q=it%27s%20%22odd%22%20%24q&least=2").text
    shown = unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1])
    assert query(str(lake), shown).num_rows == 0
    page = browser.get("/signals?least=2").text
    shown = unescape(re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)[1])
    assert query(str(lake), shown).num_rows == len(LINK.findall(page))


def test_the_same_molecule_in_animals_is_shown_to_who_may_see_both(browser):
    log_in(browser, "ines")
    page = browser.get(_signal()).text
    section = page[page.index('id="species"') :]
    assert "/signal?population=veterinary&amp;substance=SHAREDMOIETY&amp;term=veddra%3A1" in section
    assert "the other agency are not shown" not in section


@pytest.mark.parametrize("address", ["/signals?population=mars", "/signals?month=1999-01-31", "/signals?page=999"])
def test_a_list_of_nothing_is_a_page(browser, address):
    answered = log_in(browser, "claire").get(address)
    assert (answered.status_code, "No pair fits" in answered.text) == (200, True)


@pytest.mark.parametrize(
    "query_string",
    [
        "month=2024-13-01",
        "month=x",
        "page=0",
        "page=-1",
        "page=1e9",
        "least=99999999999",
        "sort=a;drop",
        "new=2",
        "q=%00",
    ],
)
def test_an_address_that_says_nothing_is_told_which_part_is_wrong(browser, query_string):
    answered = log_in(browser, "claire").get(f"/signals?{query_string}")
    assert answered.status_code == 400
    assert f"“{query_string.split('=')[0]}”" in answered.text


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["q", "soc", "month", "least", "sort", "page", "new"]), st.text(max_size=20)))
def test_any_values_are_read_or_refused_and_the_address_gives_the_same_state_back(given):
    try:
        state = State.of(Asked(given))
    except BadAddress:
        return
    said = {
        name: "1" if value is True else str(value) for name, value in state.address(page=state.page).items() if value
    }
    assert State.of(Asked(said)) == state


def test_a_table_that_is_not_built_is_told(tmp_path):
    with client(tmp_path / "empty", tmp_path) as browser:
        answered = log_in(browser, "claire").get("/signals")
    assert answered.status_code == 503
    assert "build it with `gerland run`" in answered.text


def test_a_new_version_is_shown_and_one_with_deletion_vectors_is_refused(tmp_path, monkeypatch):
    from workbench import lake as reading

    monkeypatch.setattr(reading, "LOOK_EVERY_SECONDS", 0.0)
    build(tmp_path / "lake")
    with client(tmp_path / "lake", tmp_path) as browser:
        before = TOTAL.search(log_in(browser, "ines").get("/signals?population=veterinary&least=9").text)[1]
        build(tmp_path / "lake", veterinary=5)
        page = browser.get("/signals?population=veterinary&least=9").text
        assert TOTAL.search(page)[1] != before
        assert "gold.signal v1" in page
        log = tmp_path / "lake/gold/signal/_delta_log"
        protocol = '{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}'
        (log / f"{2:020d}.json").write_text(protocol + "\n")
        answered = browser.get("/signals")
        assert answered.status_code == 503
        assert "deletionVectors" in answered.text


def test_a_browser_logs_in_where_it_wanted_to_go(browser: TestClient):
    wanted = browser.get("/signals?sort=n")
    assert (wanted.status_code, wanted.headers["location"]) == (303, "/login?next=%2Fsignals%3Fsort%3Dn")
    answered = browser.post("/login", data={"user": "claire", "purpose": "regulatory", "next": "/signals?sort=n"})
    assert answered.headers["location"] == "/signals?sort=n"


def test_a_table_of_an_earlier_release_is_shown_without_what_came_later(tmp_path):
    build(tmp_path / "lake")
    folder = str(tmp_path / "lake/gold/signal")
    former = DeltaTable(folder).to_pyarrow_table().drop_columns(["event_key", "chi2_yates"])
    shutil.rmtree(folder)
    write_deltalake(folder, former, partition_by=["population"])
    with client(tmp_path / "lake", tmp_path) as browser:
        log_in(browser, "claire")
        assert [browser.get(address).status_code for address in ("/", "/signals", _signal())] == [200, 200, 200]
