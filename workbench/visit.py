"""One request of somebody who is logged in: their right, their language, what they read, and the row of the audit.

Every page is a function of a `Visit`, made by `visiting(right)`: a route without one shows nothing of the lake.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any
from urllib.parse import parse_qsl

import jinja2
from fastapi import Depends, Request
from starlette.responses import HTMLResponse, Response

from workbench import audit
from workbench.asked import Asked, BadAddress, address
from workbench.decisions import VERDICTS
from workbench.held import Listing
from workbench.identity import Provider
from workbench.lake import OpenLake, Reader
from workbench.people import Session, User, current, titles
from workbench.policy import PURPOSES, ROLES
from workbench.store import Store
from workbench.votes import votes
from workbench.words import Words, preferred, words

COOKIE, LANGUAGE = "gerland_session", "gerland_language"
TEMPLATES = Path(__file__).parent / "templates"
MOST_FIELDS = 50
MENU = (
    ("/", "First page", "signals"),
    ("/signals", "Ranking", "signals"),
    ("/watches", "Watches", "signals"),
    ("/compare", "Compare", "signals"),
    ("/exposure", "Use", "signals"),
    ("/registers", "Registers", "signals"),
    ("/duplicates", "Duplicates", "cases"),
    ("/releases", "Releases", "releases"),
    ("/league", "League of methods", "signals"),
    ("/quality", "Data quality", "quality"),
    ("/dictionary", "Dictionary", "signals"),
    ("/audit", "Audit", "audit"),
)
LINK_VERDICTS = {"confirmed": "the same case", "rejected": "two cases"}
LABELS = {  # names of columns of a case
    "source": "Source",
    "received_first_date": "First received",
    "received_latest_date": "This version received",
    "report_type": "Kind of report",
    "reporter": "Reporter",
    "country": "Country",
    "species": "Species",
    "breed": "Breed",
    "sex": "Sex",
    "age_years": "Age, years",
    "weight_kg": "Weight, kg",
    "onset_date": "Onset",
    "is_serious": "Serious",
    "is_death": "Death",
    "is_life_threatening": "Life-threatening",
    "is_hospitalisation": "Hospitalisation",
    "is_disability": "Disability",
    "is_congenital_anomaly": "Congenital anomaly",
    "is_other_serious": "Otherwise serious",
    "n_animals_affected": "Animals affected",
    "n_animals_treated": "Animals treated",
    "n_animals_died": "Animals that died",
    "is_retracted": "Withdrawn",
    "worldwide_case_id": "Worldwide number",
}


class LoggedOut(Exception):
    """Nobody is logged in."""


class Forbidden(Exception):
    """A form does not carry the token of the session: it stood on no page of it."""


class Missing(Exception):
    """There is no such object for this reader: not there at all, or another's; the two can't be told apart."""


@dataclass
class Workbench:
    """What all requests share."""

    lake: OpenLake
    store: Store
    asks_simulated: Callable[[], bool]  # of all lakes
    heads: Path
    providers: Mapping[str, Provider] = field(default_factory=dict)
    address: str = ""  # under which people reach these pages
    beside: OpenLake | None = None  # another lake, to compare with
    folder: TemporaryDirectory[str] = field(default_factory=lambda: TemporaryDirectory(prefix="gerland-shares-"))
    templates: jinja2.Environment = field(default_factory=lambda: environment())

    @property
    def shares(self) -> Path:
        """Folder of the files that are shared; it goes with the process."""
        return Path(self.folder.name)

    @property
    def is_simulated(self) -> bool:
        """Tell whether the lake is of simulated files alone, as it stands now."""
        return self.asks_simulated()

    @property
    def has_demonstration(self) -> bool:
        """Tell whether the demonstration users may be here: only without an identity provider, on simulated files."""
        return not self.providers and self.is_simulated

    def lets_in(self, user: User) -> bool:
        """Tell whether a user who logged in may still be here."""
        return user.provider in self.providers if user.provider else self.has_demonstration


class Titles:
    """Name by which a page calls somebody who wrote something; asked of the store once a page, if at all."""

    def __init__(self, store: Store):
        """Of a store."""
        self._store = store
        self._known: dict[str, str] | None = None

    def __call__(self, who: str) -> str:
        """The title of a user of an identity provider; of a demonstration user the name."""
        if "@" not in who:
            return who
        if self._known is None:
            self._known = titles(self._store)
        return self._known.get(who, who)


def environment() -> jinja2.Environment:
    """Templates: everything is escaped, an unknown name is an error."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "address": address,
        "votes": votes,
        "ROLES": ROLES,
        "PURPOSES": PURPOSES,
        "labels": LABELS,
        "verdicts": LINK_VERDICTS,
        "VERDICTS": VERDICTS,
    }
    return found


class Visit:
    """One request within a session."""

    def __init__(self, bench: Workbench, request: Request, session: Session):
        """Begin: the lake is read as it stands now, by what the session may see."""
        self.bench, self.request, self.session = bench, request, session
        self.policy = session.policy(bench.store.salt)
        self.asked = Asked(request.query_params)
        self.form = Asked({})
        self.words = language(request)
        self.reader = Reader(bench.lake, self.policy)
        self._beside: Reader | None = None
        self._shown = hashlib.sha256()

    @property
    def place(self) -> str:
        """The address that was asked for, without its host."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def rows(
        self, sql: str, given: dict[str, Any] | None = None, title: str = "", reader: Reader | None = None
    ) -> list[dict[str, Any]]:
        """Rows of an answer, of the lake or of what another `reader` reads, seen by the audit; see `Reader.rows`."""
        found = (reader or self.reader).rows(sql, given, title)
        self._shown.update(json.dumps(found, default=str, ensure_ascii=False).encode())
        return found

    def listed(
        self, listing: Listing, given: dict[str, Any], first: int, most: int, title: str = ""
    ) -> tuple[int, list[dict[str, Any]]]:
        """How many rows a list has, and some of them, seen by the audit; see `Reader.listed`."""
        total, found = self.reader.listed(listing, given, first, most, title)
        self._shown.update(json.dumps([total, found], default=str, ensure_ascii=False).encode())
        return total, found

    def entry(self, act: str, what: str = "") -> audit.Entry:
        """A row of the audit about what this visit read so far."""
        return self.session.entry(
            act,
            what or self.place,
            versions=json.dumps({f"{of}{a}": n for of, reader in self.readers for a, n in reader.versions().items()}),
            query=";\n".join(sql for _, reader in self.readers for _, sql in reader.asked),
            result=self._shown.hexdigest(),
        )

    @property
    def beside(self) -> Reader | None:
        """What reads the other lake; None where there is none."""
        if self._beside is None and self.bench.beside is not None:
            self._beside = Reader(self.bench.beside, self.policy)
        return self._beside

    @property
    def readers(self) -> list[tuple[str, Reader]]:
        """What was read by, the lake's own first: the other lake's only where it was."""
        return [("", self.reader), *([("beside:", self._beside)] if self._beside else [])]

    def shown(self) -> list[tuple[str, str]]:
        """Title and SQL of what the page shows of what was asked."""
        return [asked for _, reader in self.readers for asked in reader.shown]

    def page(self, template: str, **content: Any) -> Response:
        """The page, after its row of the audit is written: what can't be recorded isn't shown."""
        audit.record(self.bench.store, self.entry("view"))
        return answer(self.bench, self.request, template, visit=self, session=self.session, **content)


def language(request: Request) -> Words:
    """The language that a request is answered in."""
    accepted = request.headers.get("accept-language", "")
    return words(preferred(request.query_params.get("lang"), request.cookies.get(LANGUAGE), accepted))


def answer(bench: Workbench, request: Request, template: str, status: int = 200, **content: Any) -> Response:
    """Fill a template."""
    said = language(request)
    other = "en" if said.language == "fr" else "fr"
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    html = bench.templates.get_template(template).render(
        **{"visit": None, "session": None, **content},
        t=said,
        lang=said.language,
        other_language=(other, address(request.url.path, query, lang=other)),
        menu=[(path, title) for path, title, right in MENU if (s := content.get("session")) and _may(s, right)],
        here=request.url.path,
        is_simulated=bench.is_simulated,
        has_demonstration=bench.has_demonstration,
        person=Titles(bench.store),
    )
    response = HTMLResponse(html, status_code=status)
    if request.query_params.get("lang") == said.language:
        response.set_cookie(LANGUAGE, said.language, max_age=31_536_000, httponly=True, samesite="lax")
    return response


async def form_of(request: Request) -> Asked:
    """What a form sent. Raises `BadAddress` for what is no form of these pages."""
    try:
        body = (await request.body()).decode("utf-8")
        given = parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadAddress("form") from None
    return Asked(dict(given))


Form = Annotated[Asked, Depends(form_of)]


def is_of_session(form: Asked, session: Session) -> bool:
    """Tell whether a form stood on a page of the session."""
    return secrets.compare_digest(form.given.get("csrf", "").encode(), session.csrf.encode())


def visiting(right: str) -> Callable[[Request], Visit]:
    """Dependency of a route that is for readers with a right: raises `LoggedOut`, or `Missing` without it."""

    def visit(request: Request) -> Visit:
        return _visit(request, right)

    visit.right = right  # type: ignore[attr-defined]
    return visit


def changing(right: str) -> Callable[[Request, Asked], Visit]:
    """As `visiting`, of a route that writes: raises `Forbidden` for a form without the session's token."""

    def visit(request: Request, form: Form) -> Visit:
        found = _visit(request, right)
        if not is_of_session(form, found.session):
            raise Forbidden
        found.form = form
        return found

    visit.right = right  # type: ignore[attr-defined]
    return visit


def _visit(request: Request, right: str) -> Visit:
    bench: Workbench = request.app.state.bench
    session = current(bench.store, request.cookies.get(COOKIE))
    if session is None or not bench.lets_in(session.user):  # settings, or the lake, may be others since the log-in
        raise LoggedOut
    request.state.session = session
    if not _may(session, right):
        raise Missing
    return Visit(bench, request, session)


def _may(session: Session, right: str) -> bool:
    return right in ROLES[session.user.role].rights
