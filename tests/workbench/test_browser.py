"""The pages in a real browser: every screen for every role, the main path by keyboard alone, axe, two widths.

Chromium is the machine's own (`chromium` on the path); without one these tests are skipped and say so. Screenshots of
every screen lie in the folder of the test (`--basetemp`, `-o tmp_path_retention_policy=all`): look at them. axe-core 4.14.1
is taken unchanged from its npm package, with its licence (MPL 2.0).
"""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import pytest
import requests
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.services import free_port
from tests.workbench.conftest import MARKS, SHARED_SUBSTANCE, token
from workbench.app import create
from workbench.lake import OpenLake
from workbench.people import DEMONSTRATION, User
from workbench.policy import AGENCIES, ROLES
from workbench.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on the path of this machine")
AXE = Path(__file__).parent / "axe" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 390, "height": 844}
BOTH = tuple(AGENCIES)
USERS = {  # one a role, and the assessors of either agency
    **DEMONSTRATION,
    **{name: User(name, name.title(), BOTH, name) for name in ("steward", "developer", "checker", "auditor")},
}
PAIR = {"population": "human", "substance": SHARED_SUBSTANCE, "term": "preferred_term:HUMONLY A"}
CASE = f"src:{MARKS['human']}-1-"
SELECTION = {"population": "human", "dimension1": "sex", "dimension2": "seriousness", "profile": "opensafely"}
ANYBODYS = {  # address: right that it asks for
    "/": "signals",
    "/signals?population=%s": "signals",
    "/watches": "signals",
    "/compare": "signals",
    "/exposure": "signals",
    f"/exposure?substance={SHARED_SUBSTANCE}": "signals",
    "/registers": "signals",
    "/register?kind=site&key=SITE": "signals",
    "/duplicates": "cases",
    "/releases": "releases",
    "/league": "signals",
    "/quality": "quality",
    "/dictionary": "signals",
    "/audit": "audit",
}
OF_MEDICINES = {  # what is of the cases of one agency
    f"/signal?{urlencode(PAIR)}": "signals",
    f"/compare?population=human&substance={SHARED_SUBSTANCE}": "signals",
    f"/cases?{urlencode({**PAIR, 'cell': 'a'})}": "cases",
    f"/case?key={quote(CASE)}2": "cases",
    f"/duplicate?key={quote(CASE)}0&other={quote(CASE)}1": "cases",
    f"/decision?{urlencode(PAIR)}": "decisions",
    "/decision/record?id=1": "decisions",
    f"/release/new?{urlencode(SELECTION)}": "draft",
    "/release?id=1": "releases",
}
OF_BOTH = {"/watch?id=1": "signals"}  # shared with those who read for the same agencies
BY_KEY = ("/case?", "/duplicate?")  # a study knows cases by other names


@dataclass
class Seen:
    """What a browser did while it was watched."""

    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Note every request and every error of the pages of a context."""
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        context.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)


@pytest.fixture(scope="module")
def served(lake, tmp_path_factory) -> Iterator[str]:
    """Address of a workbench on the small lake, in which something was decided, watched and drafted."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    address = f"http://localhost:{port}"
    app = create(OpenLake(str(lake)), Store(f"sqlite:///{home}/workbench.db"), home / "heads", lambda: True)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    with pytest.MonkeyPatch.context() as patched:
        for name, user in USERS.items():
            patched.setitem(DEMONSTRATION, name, user)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        _written(address)
        yield address
        server.should_exit = True
        thread.join(20)


def _written(address: str) -> None:
    said = {"verdict": "monitor", "reason": "too_little", "text": "Three more cases are awaited.", "stage": "detected"}
    _sent(
        address,
        "claire",
        f"/decision?{urlencode(PAIR)}",
        "/decision",
        {**PAIR, **said, "seen": "0", "due": "2024-06-30"},
    )
    watched = {"place": "/signals?population=human&least=2", "title": "Two reports or more", "shared": "1"}
    _sent(address, "ines", "/watches", "/watch", watched)
    drafted = {**SELECTION, "text": "For the yearly report of the agency."}
    _sent(address, "yann", f"/release/new?{urlencode(SELECTION)}", "/release/new", drafted)


def _sent(address: str, user: str, page: str, to: str, form: dict[str, str]) -> None:
    """Send a form of a page as a user."""
    session = requests.Session()
    session.post(f"{address}/login", data={"user": user, "purpose": "regulatory"}, timeout=30)
    csrf = token(session.get(f"{address}{page}", timeout=30).text)
    answered = session.post(f"{address}{to}", data={**form, "csrf": csrf}, allow_redirects=False, timeout=30)
    assert answered.status_code == 303, answered.text


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def context(chromium, seen, served) -> Iterator[BrowserContext]:
    """A browser of somebody's own; at the end, nothing was asked of any other host."""
    opened = chromium.new_context(base_url=served, viewport=WIDE, locale="en-GB", reduced_motion="reduce")
    opened.set_default_timeout(20_000)
    seen.watch(opened)
    yield opened
    opened.close()
    assert seen.hosts <= {urlsplit(served).netloc}


def _log_in(context: BrowserContext, user: str) -> Page:
    answered = context.request.post("/login", form={"user": user, "purpose": "regulatory"}, max_redirects=0)
    assert answered.status == 303
    return context.new_page()


def _screens(user: User) -> Iterator[tuple[str, bool]]:
    """Address of each screen, and whether a user sees it."""
    own = "human" if "ANSM" in user.agencies else "veterinary"
    for place, right in ANYBODYS.items():
        yield place.replace("%s", own), right in ROLES[user.role].rights
    role = ROLES[user.role]
    for place, right in OF_MEDICINES.items():
        is_known = role.zone == "assess" or not place.startswith(BY_KEY)
        yield place, right in role.rights and "ANSM" in user.agencies and is_known
    for place, right in OF_BOTH.items():
        yield place, right in role.rights and user.agencies == BOTH


def _findings(page: Page) -> list[str]:
    """What axe finds on a page as it stands."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("tags => axe.run(document, {runOnly: tags}).then(said => said.violations)", AXE_TAGS)
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found]


def _drawn(page: Page) -> None:
    """Wait until every chart of a page is drawn."""
    page.wait_for_function(
        "[...document.querySelectorAll('figure.chart .drawing')].every(one => one.querySelector('svg'))"
    )


@pytest.mark.parametrize("name", USERS)
def test_each_role_goes_through_every_screen(context, seen, served, name):
    page = _log_in(context, name)
    for place, is_shown in _screens(USERS[name]):
        answered = page.goto(place)
        _drawn(page)
        assert (place, answered.status) == (place, 200 if is_shown else 404)
        absent = [error for error in seen.errors if "status of 404" in error]
        assert (place, seen.errors) == (place, absent[: not is_shown])  # a page that is not there is said once
        seen.errors.clear()
    if "cases" in ROLES[USERS[name].role].rights:
        own = "human" if "ANSM" in USERS[name].agencies else "veterinary"
        for listed, opened in ((f"/cases?population={own}", "/case"), ("/duplicates", "/duplicate")):
            page.goto(listed)
            page.locator(f"a[href^='{opened}?']").first.click()
            page.wait_for_url(re.compile(rf"{opened}\?"))
            assert page.locator("h1").count() == 1
    assert (seen.errors, seen.hosts) == ([], {urlsplit(served).netloc})


@pytest.mark.parametrize(("language", "size"), [("en", WIDE), ("fr", NARROW)], ids=["wide", "narrow"])
def test_no_screen_has_a_finding_of_axe_or_scrolls_sideways(context, tmp_path, language, size):
    found, wide = {}, {}
    done: set[str] = set()
    for name in ("ines", "yann", "auditor"):
        page = _log_in(context, name)
        page.set_viewport_size(size)
        for place, is_shown in [("/login", True), *_screens(USERS[name])]:
            if not is_shown or place in done:
                continue
            done.add(place)
            page.goto(f"{place}{'&' if '?' in place else '?'}lang={language}")
            _drawn(page)
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            file = re.sub(r"\W+", "-", place).strip("-")[:60] or "first"
            page.screenshot(path=tmp_path / f"{file}-{size['width']}.png", full_page=True)
            if findings := _findings(page):
                found[place] = findings
            overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            if overflow > 0:
                wide[place] = overflow
        page.close()
        context.clear_cookies()
    assert len(done) == len({**ANYBODYS, **OF_MEDICINES, **OF_BOTH}) + 1
    assert "\n".join(f"{place} {one}" for place, all_of in found.items() for one in all_of) == ""
    assert wide == {}


def _tab_to(page: Page, selector: str) -> None:
    """Go on by the tabulator until the focus is on an element; wherever it is on the way, it is seen."""
    for _ in range(150):
        page.keyboard.press("Tab")
        is_there, is_visible = page.evaluate(
            """selector => { const e = document.activeElement, s = getComputedStyle(e);
            return [e.matches(selector), s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0]; }""",
            selector,
        )
        assert is_visible, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if is_there:
            return
    raise AssertionError(f"{selector} can't be reached by keyboard on {page.url}")


def _follow(page: Page, selector: str, to: str) -> None:
    """Go to a link or button by keyboard, press it, and be on the next page."""
    _tab_to(page, selector)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(to))


def test_from_the_log_in_to_a_decision_by_keyboard_alone(context, seen):
    page = context.new_page()
    page.goto("/login")
    _follow(page, "button[value=claire]", r"/$")
    _follow(page, "a[href='/signals']", r"/signals$")
    _tab_to(page, "input[name=least]")
    page.keyboard.type("3")
    page.wait_for_url(re.compile(r"least=3"))
    page.wait_for_function("!document.querySelector('.htmx-request')")
    _follow(page, "#found th.pair a", r"/signal\?")
    signal = page.url
    _follow(page, "a[href*='/cases?'][href*='cell=a']", r"/cases\?")
    _follow(page, "a[href^='/case?']", r"/case\?")
    page.go_back()  # a key of the browser's own, which one without a window does not have
    page.go_back()
    page.wait_for_url(signal)
    _follow(page, "a[href^='/decision?']", r"/decision\?")
    _tab_to(page, "input[name=verdict]")
    page.keyboard.press("Space")
    _tab_to(page, "select[name=reason]")
    page.keyboard.press("ArrowDown")
    _tab_to(page, "textarea[name=text]")
    page.keyboard.type("Read case by case: consistent in time.")
    _follow(page, "form[action='/decision'] button", r"/decision/record\?id=\d+$")
    assert "consistent in time" in page.inner_text("main")
    assert seen.errors == []
