"""Log-in by an identity provider: who proves who they are comes in, with the right of their groups; nobody else."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from pipelines.settings import IdentityProvider, SettingsError, load
from tests.workbench.conftest import SHARED_SUBSTANCE, token
from tests.workbench.provider import TestProvider
from workbench import identity
from workbench.app import create
from workbench.lake import OpenLake
from workbench.store import Store, audit, pending, session

GROUPS = {"vigilance": "ANSM:assessor", "vets": "ANSES:assessor", "both": "ANSM+ANSES:assessor"}
GROUPS |= {"study": "ANSM+ANSES:epidemiologist", "checkers": "ANSM:checker"}


@pytest.fixture
def provider() -> Iterator[TestProvider]:
    with TestProvider() as found:
        yield found


def _given(provider: TestProvider, name: str = "ansm", **changed) -> IdentityProvider:
    said = {"issuer": provider.issuer, "client_id": provider.client_id, "groups": GROUPS, "title": "ANSM <b>"}
    return IdentityProvider(name=name, **{**said, **changed})


def _browser(lake: Path, home: Path, *given: IdentityProvider, secret: str = "between us", **more) -> TestClient:
    settings = load(identity_providers=list(given), identity_secrets={one.name: secret for one in given})
    store = Store(f"sqlite:///{home}/workbench.db")
    app = create(
        OpenLake(str(lake)), store, home / "heads.tsv", lambda: True, identity.providers(settings),
        **{"address": "http://localhost", **more},
    )  # fmt: skip
    found = TestClient(app, base_url="http://localhost", follow_redirects=False)
    found.app_store = store  # type: ignore[attr-defined]
    return found


@pytest.fixture
def browser(lake, tmp_path, provider) -> TestClient:
    return _browser(lake, tmp_path, _given(provider))


def _onward(browser: TestClient, name: str = "ansm", **sent: str) -> str:
    """Address of the provider that a log-in leads to."""
    answered = browser.post("/login/with", data={"provider": name, "purpose": "regulatory", **sent})
    assert answered.status_code == 200
    return answered.headers["refresh"].removeprefix("0; url=")


def _back(browser: TestClient, provider: TestProvider, **sent: str):
    """What answers who comes back from the provider."""
    return browser.get(provider.authorize(_onward(browser, **sent)))


def _rows(browser: TestClient, table: sa.Table) -> list[dict]:
    with browser.app_store.reading() as connection:
        return [dict(row) for row in connection.execute(sa.select(table)).mappings()]


def test_who_proves_who_they_are_comes_in_with_the_right_of_their_groups(browser, provider):
    assert "ANSM &lt;b&gt;" in browser.get("/login").text
    answered = _back(browser, provider, next="/signals?least=2")
    assert (answered.status_code, answered.headers["location"]) == (303, "/signals?least=2")
    page = browser.get("/signals").text
    assert "Anne Bernard" in page
    assert "HUMONLY" in page
    assert "VETONLY" not in page
    said = [(row["who"], row["agencies"], row["role"], row["purpose"]) for row in _rows(browser, audit)]
    assert set(said) == {("u-17@ansm", "ANSM", "assessor", "regulatory")}
    assert _rows(browser, pending) == []
    assert "between us" not in str(_rows(browser, session) + _rows(browser, audit))


def test_demonstration_users_stay_out_where_there_is_a_provider(browser):
    page = browser.get("/login").text
    assert 'name="user"' not in page
    assert "no password" not in page
    assert browser.post("/login", data={"user": "claire", "purpose": "regulatory"}).status_code == 404


@pytest.mark.parametrize(
    ("groups", "shown"),
    [
        (["vets"], ["VETONLY"]),
        (["vigilance", "vets", "other", 7], ["HUMONLY", "VETONLY"]),
        (["both"], ["HUMONLY", "VETONLY"]),
    ],
)
def test_agencies_come_from_groups(browser, provider, groups, shown):
    provider.person["groups"] = groups
    assert _back(browser, provider).status_code == 303
    pages = "".join(browser.get(f"/signals?population={p}").text for p in ("human", "veterinary"))
    assert [mark for mark in ("HUMONLY", "VETONLY") if mark in pages] == shown


def test_a_role_comes_from_groups_and_is_led_to_a_page_that_it_may_see(browser, provider):
    provider.person["groups"] = ["checkers"]
    assert _back(browser, provider).headers["location"] == "/releases"
    assert (browser.get("/signals").status_code, browser.get("/releases").status_code) == (404, 200)


@pytest.mark.parametrize(
    "person",
    [
        {"groups": []},
        {"groups": ["unknown"]},
        {"groups": "vigilance"},
        {"groups": {"vigilance": 1}},
        {"groups": ["vigilance", "study"]},
        {"sub": ""},
        {"sub": "a b"},
        {"sub": "x" * 200},
        {"sub": None},
    ],
    ids=str,
)
def test_nobody_without_one_role_and_a_name_comes_in(browser, provider, person):
    provider.person |= person
    assert _refused(browser, _back(browser, provider))


def _refused(browser: TestClient, answered) -> bool:
    """Whether somebody stayed out and the answer tells nothing of why."""
    assert (answered.status_code, "gerland_session" in browser.cookies) == (403, False)
    assert browser.get("/signals").status_code == 303
    assert not re.search(r"<b>no|u-17|JoseError|Signature|invalid_grant", answered.text)
    assert "<h1>You were not let in</h1>" in answered.text
    return _rows(browser, session) == []


def _none(provider: TestProvider, claims: dict) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in ({"alg": "none"}, claims)]
    return ".".join([*parts, ""])


def _by_public_key(provider: TestProvider, claims: dict) -> str:
    """Signed by HMAC with the public key as the secret: a library that takes any algorithm is fooled."""
    key = OctKey.import_key(provider.key.as_pem(private=False))
    return jwt.encode({"alg": "HS256", "kid": "k1"}, claims, key)


def _by_client_secret(provider: TestProvider, claims: dict) -> str:
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(provider.client_secret * 4))


def _by_another_key(provider: TestProvider, claims: dict) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, RSAKey.generate_key(2048))


def _with_its_own_key(provider: TestProvider, claims: dict) -> str:
    key = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": key.as_dict(private=False), "kid": "k2"}, claims, key)


def _changed_after(provider: TestProvider, claims: dict) -> str:
    head, _, signature = provider.signed(claims).split(".")
    more = {**claims, "groups": ["both"]}
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(more).encode()).decode().rstrip('=')}.{signature}"


@pytest.mark.parametrize(
    "sign",
    [_none, _by_public_key, _by_client_secret, _by_another_key, _with_its_own_key, _changed_after]
    + [lambda p, c, said=said: said for said in ("", "x.y.z", "a" * 10_000, "é")],
)
def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(browser, provider, sign):
    provider.sign = sign
    assert _refused(browser, _back(browser, provider))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": ["gerland", "another"]},  # of several the token must say which it is for (azp)
        {"azp": "another"},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"exp": 1_700_000_000},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"at_hash": "of another access token"},
    ],
    ids=str,
)
def test_a_token_of_another_time_place_or_log_in_lets_nobody_in(browser, provider, changed):
    provider.changed = lambda claims: {k: v for k, v in {**claims, **changed}.items() if v is not None}
    assert _refused(browser, _back(browser, provider))
    told = [(row["who"], row["act"]) for row in _rows(browser, audit)]
    assert told == [("?@ansm", "refused")]


def test_an_answer_is_good_once_and_in_the_browser_that_asked(browser, provider, lake, tmp_path):
    address = provider.authorize(_onward(browser))
    elsewhere = TestClient(browser.app, base_url="http://localhost", follow_redirects=False)
    elsewhere.app_store = browser.app_store
    assert _refused(elsewhere, elsewhere.get(address))
    assert browser.get(address).status_code == 403  # the state went with the first who came
    assert provider.used == []

    address = provider.authorize(_onward(browser))
    assert browser.get(address).status_code == 303
    browser.cookies.clear()
    assert browser.get(address).status_code == 403
    code = parse_qs(urlsplit(address).query)["code"][0]
    again = urlsplit(provider.authorize(_onward(browser)))
    state = parse_qs(again.query)["state"][0]
    assert browser.get(f"{again.path}?state={state}&code={code}").status_code == 403  # the code was used before
    assert provider.used == [code]


@pytest.mark.parametrize("query", ["", "state=x&code=y", "state=&code=", "code=x", "state=%27+OR+1%3D1+--&code=x"])
def test_an_answer_to_nothing_that_was_asked_is_none(browser, query):
    _onward(browser)
    assert _refused(browser, browser.get(f"/login/callback?{query}"))
    assert len(_rows(browser, pending)) == 1


@pytest.mark.parametrize("changed", [{"error": "access_denied"}, {"code": ""}, {"iss": "https://evil.example"}])
def test_what_the_provider_refuses_or_another_answers_lets_nobody_in(browser, provider, changed):
    parts = urlsplit(provider.authorize(_onward(browser)))
    said = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
    assert _refused(browser, browser.get(parts.path, params=said))
    assert provider.used == []


def test_a_log_in_does_not_wait_for_ever(browser, provider):
    address = provider.authorize(_onward(browser))
    past = (dt.datetime.now(dt.UTC) - identity.LONGEST_WAIT - dt.timedelta(seconds=1)).isoformat(
        timespec="microseconds"
    )
    with browser.app_store.writing() as connection:
        connection.execute(pending.update().values(begun=past))
    assert _refused(browser, browser.get(address))
    _onward(browser)
    with browser.app_store.writing() as connection:
        connection.execute(pending.update().values(begun=past))
    _onward(browser)
    assert len(_rows(browser, pending)) == 1  # what nobody came back for is swept away


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_a_provider_that_is_not_the_one_it_says_is_not_asked(browser, provider, metadata):
    provider.metadata = metadata
    answered = browser.post("/login/with", data={"provider": "ansm", "purpose": "regulatory"})
    assert (answered.status_code, _rows(browser, pending)) == (403, [])


def test_a_provider_that_does_not_answer_or_does_not_know_us_lets_nobody_in(lake, tmp_path, provider):
    gone = IdentityProvider(name="gone", issuer="http://127.0.0.1:9", client_id="x", groups=GROUPS)
    browser = _browser(lake, tmp_path, gone)
    assert browser.post("/login/with", data={"provider": "gone", "purpose": "regulatory"}).status_code == 403
    (tmp_path / "b").mkdir()
    browser = _browser(lake, tmp_path / "b", _given(provider), secret="another")
    assert _refused(browser, _back(browser, provider))


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"provider": "none", "purpose": "regulatory"}, 404),
        ({"provider": "ansm", "purpose": "curiosity"}, 400),
        ({"provider": "ansm"}, 400),
    ],
)
def test_a_log_in_needs_a_provider_and_a_purpose(browser, sent, status):
    assert browser.post("/login/with", data=sent).status_code == status
    assert browser.post("/login/with", data=sent, headers={"origin": "https://evil.example"}).status_code == 403


def test_after_a_log_in_comes_one_of_these_pages_only(browser, provider):
    assert _back(browser, provider, next="https://evil.example").headers["location"] == "/"


def test_two_agencies_each_have_their_provider_with_its_own_groups(lake, tmp_path, provider):
    with TestProvider(person={"sub": "u-17", "name": "Paul", "groups": ["vigilance"]}) as second:
        vets = _given(second, "anses", groups={"vigilance": "ANSES:assessor"})
        browser = _browser(lake, tmp_path, _given(provider), vets)
        address = second.authorize(_onward(browser, "anses"))
        assert browser.get(address).status_code == 303
        pages = "".join(browser.get(f"/signals?population={p}").text for p in ("human", "veterinary"))
        assert ("VETONLY" in pages, "HUMONLY" in pages) == (True, False)
        crossed = urlsplit(second.authorize(_onward(browser, "anses")))  # answered by the other one
        said = {n: v[0] for n, v in parse_qs(crossed.query).items()} | {"iss": provider.issuer}
        assert browser.get(crossed.path, params=said).status_code == 403


def test_what_somebody_wrote_bears_the_name_that_the_provider_says(browser, provider):
    _back(browser, provider)
    pair = {"population": "human", "substance": SHARED_SUBSTANCE, "term": "preferred_term:HUMONLY A"}
    page = browser.get("/decision", params=pair).text
    said = {"verdict": "validated", "reason": "consistent", "text": "Three recovered.", "stage": "closed", "seen": "0"}
    assert browser.post("/decision", data={**pair, **said, "csrf": token(page)}).status_code == 303
    assert "Anne Bernard" in browser.get("/decision/record?id=1").text.split("<main")[1]


def test_who_came_by_a_provider_that_is_gone_is_out(browser, provider):
    _back(browser, provider)
    assert browser.get("/signals").status_code == 200
    browser.app.app.state.bench.providers = {}
    assert browser.get("/signals").status_code == 303


def test_a_secure_address_has_secure_cookies_and_is_where_the_provider_sends_people(lake, tmp_path, provider):
    browser = _browser(lake, tmp_path, _given(provider), address="https://signals.example")
    sent = {"provider": "ansm", "purpose": "regulatory"}
    answered = browser.post("/login/with", data=sent, headers={"host": "signals.example"})
    assert "Secure" in answered.headers["set-cookie"]
    asked = parse_qs(urlsplit(answered.headers["refresh"].removeprefix("0; url=")).query)
    assert asked["redirect_uri"] == ["https://signals.example/login/callback"]
    assert browser.get("/login", headers={"host": "evil.example"}).status_code == 400


def test_sessions_of_an_earlier_release_are_made_anew_and_nothing_else(tmp_path):
    address = f"sqlite:///{tmp_path}/workbench.db"
    engine = sa.create_engine(address)
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE TABLE session (token VARCHAR(64) PRIMARY KEY, "user" VARCHAR(200))')
        connection.exec_driver_sql("INSERT INTO session VALUES ('t', 'claire')")
    salt = Store(address).salt
    store = Store(address)
    assert store.salt == salt
    with store.reading() as connection:
        assert connection.execute(sa.select(session)).all() == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"issuer": "http://login.example"}, "https"),
        ({"issuer": "login.example"}, "https"),
        ({"groups": {"x": "EMA:assessor"}}, "AGENCY:role"),
        ({"groups": {"x": "ANSM:root"}}, "AGENCY:role"),
        ({"client_secret_file": "no/such/file"}, "can't be read"),
    ],
)
def test_a_provider_that_can_not_be_asked_is_told_of_at_the_start(changed, said):
    given = {"name": "ansm", "issuer": "https://login.example", "client_id": "gerland", "groups": GROUPS, **changed}
    with pytest.raises(SettingsError, match=said):
        identity.providers(load(identity_providers=[given]))


def test_a_secret_comes_from_the_environment_else_from_a_file_and_is_shown_nowhere(tmp_path, monkeypatch):
    file = tmp_path / "secret"
    file.write_text("of the file\n")
    given = {"name": "ansm", "issuer": "https://login.example", "client_id": "g", "groups": GROUPS}
    given["client_secret_file"] = str(file)
    found = identity.providers(load(identity_providers=[given]))["ansm"]
    assert found.secret.get_secret_value() == "of the file"
    monkeypatch.setenv("GERLAND_IDENTITY_SECRETS__ANSM", "of the environment")
    settings = load(identity_providers=[given])
    found = identity.providers(settings)["ansm"]
    assert found.secret.get_secret_value() == "of the environment"
    assert "of the environment" not in repr(found) + repr(settings)
    file.write_text(" ")
    monkeypatch.delenv("GERLAND_IDENTITY_SECRETS__ANSM")
    with pytest.raises(SettingsError, match="empty"):
        identity.providers(load(identity_providers=[given]))


@pytest.mark.parametrize(
    ("endpoint", "onward"),
    [
        ("{issuer}/end", "{issuer}/end?client_id=gerland&post_logout_redirect_uri=http%3A%2F%2Flocalhost%2Flogin"),
        (
            "{issuer}/end?a=b",
            "{issuer}/end?a=b&client_id=gerland&post_logout_redirect_uri=http%3A%2F%2Flocalhost%2Flogin",
        ),
        ("http://elsewhere.example/end", None),
        ("javascript:alert(1)", None),
        (None, None),
    ],
)
def test_who_logs_out_is_led_to_the_end_of_the_session_of_the_provider_where_it_tells_of_one(
    browser, provider, endpoint, onward
):
    provider.metadata = {"end_session_endpoint": endpoint.format(issuer=provider.issuer)} if endpoint else {}
    _back(browser, provider)
    answered = browser.post("/logout", data={"csrf": token(browser.get("/signals").text)})
    if onward:
        assert answered.headers["refresh"] == f"0; url={onward.format(issuer=provider.issuer)}"
        assert f'href="{html.escape(onward.format(issuer=provider.issuer))}"' in answered.text
    else:
        assert (answered.status_code, answered.headers["location"]) == (303, "/login")
    assert browser.get("/signals").status_code == 303  # nobody is logged in


def test_who_logs_out_when_the_provider_is_away_is_out(browser, provider):
    _back(browser, provider)
    page = browser.get("/signals").text
    provider.__exit__()
    assert browser.post("/logout", data={"csrf": token(page)}).headers["location"] == "/login"
    assert browser.get("/signals").status_code == 303
