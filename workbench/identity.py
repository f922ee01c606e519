"""Log-in by an identity provider: OpenID Connect, authorization code with PKCE, through Authlib.

Sources: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE, S256 only); RFC 9207 (who answers); OpenID Connect
RP-Initiated Logout 1.0. Belongs here: the exchange with a provider, and what its token says of a person. Does not:
sessions (`people`), routes (`entrance`).

What a log-in waits for (state, nonce, verifier, purpose) lies in the store under the hash of its state: it is good
once, for `LONGEST_WAIT`, in the browser that began it. Keys are asked of the provider at each log-in, so that one that
it withdrew signs nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import sqlalchemy as sa

from pipelines.settings import IdentityProvider, Settings, SettingsError
from workbench.people import User
from workbench.policy import AGENCIES, ROLES
from workbench.store import Store, now, pending

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session
    from pydantic import SecretStr

ALGORITHMS = [f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)]  # no shared secret signs
LONGEST_WAIT = dt.timedelta(minutes=10)
LEEWAY_SECONDS = 60  # by which clocks may differ
PATIENCE_SECONDS = 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
NAME = re.compile(r"[\x21-\x7e]{1,150}")


class Refused(Exception):
    """Somebody is not let in; `reason` is a code for the audit and tells nothing that the provider said."""

    def __init__(self, reason: str):
        """Keep the code."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Provider:
    """An identity provider as the settings name it, with its secret read."""

    given: IdentityProvider
    secret: SecretStr | None

    @property
    def name(self) -> str:
        """Name in addresses and in the audit."""
        return self.given.name

    @property
    def title(self) -> str:
        """Name on the button."""
        return self.given.title or self.given.name

    @property
    def host(self) -> str:
        """Where it is, for people who look before they go."""
        return str(urlsplit(self.given.issuer).hostname)


@dataclass(frozen=True)
class Begun:
    """A log-in that waits for its provider: where the browser goes, and what it is to hold meanwhile."""

    address: str
    browser: str


def providers(settings: Settings) -> dict[str, Provider]:
    """Identity providers of the settings, by name. Raises `SettingsError` for one that can't be asked."""
    found: dict[str, Provider] = {}
    for given in settings.identity_providers:
        if given.name in found:
            raise SettingsError(f"two identity providers are called {given.name!r}")
        if not _is_safe(given.issuer):
            raise SettingsError(f"the issuer of identity provider {given.name!r} must begin with https://")
        for group, right in given.groups.items():
            agencies, _, role = right.partition(":")
            if role not in ROLES or not set(agencies.split("+")) <= AGENCIES.keys():
                raise SettingsError(
                    f"identity provider {given.name!r}: group {group!r} stands for {right!r}; say AGENCY:role, "
                    f"agencies {', '.join(AGENCIES)}, joined by +, roles {', '.join(ROLES)}"
                )
        found[given.name] = Provider(given, settings.identity_secret(given.name))
    return found


def begin(store: Store, provider: Provider, back: str, purpose: str, place: str) -> Begun:
    """Begin a log-in; `back` is the address that the provider sends the browser to, `place` where it goes after.

    Raises `Refused` where the provider does not answer as one.
    """
    state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
    with _client(provider, back) as client:
        endpoint = _told(provider, client)["authorization_endpoint"]
        address, _ = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
    row = {"state": _hash(state), "browser": _hash(browser), "provider": provider.name, "nonce": nonce}
    row |= {"verifier": verifier, "purpose": purpose, "place": place, "begun": now()}
    oldest = (dt.datetime.now(dt.UTC) - LONGEST_WAIT).isoformat(timespec="microseconds")
    with store.writing() as connection:
        connection.execute(pending.delete().where(pending.c.begun < oldest))
        connection.execute(pending.insert().values(**row))
    return Begun(address, browser)


def leaving(provider: Provider, after: str) -> str | None:
    """Address at which a provider ends its own session too and sends the browser to `after`.

    None where it says of none, or does not answer: the session here has ended all the same. No token is kept to be
    shown there, so that a provider may ask whoever leaves.
    """
    try:
        with _client(provider, after) as client:
            endpoint = str(_told(provider, client).get("end_session_endpoint", ""))
    except Refused:
        return None
    if not _is_safe(endpoint):
        return None
    asked = urlencode({"client_id": provider.given.client_id, "post_logout_redirect_uri": after})
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{asked}"


def waiting(store: Store, state: str, browser: str | None) -> dict[str, Any]:
    """What a log-in waits for, taken away with it. Raises `Refused` where none began in this browser, or long ago."""
    with store.writing() as connection:
        wanted = pending.c.state == _hash(state)
        row = connection.execute(sa.select(pending).where(wanted)).mappings().one_or_none()
        connection.execute(pending.delete().where(wanted))
    if row is None or not secrets.compare_digest(_hash(browser or ""), row["browser"]):
        raise Refused("state")
    if dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(row["begun"]) > LONGEST_WAIT:
        raise Refused("late")
    return dict(row)


def arrived(provider: Provider, back: str, of: Mapping[str, Any], answer: Mapping[str, str]) -> User:
    """Who came back from a provider. Raises `Refused` for what is no proof of a person with one role."""
    if answer.get("iss", provider.given.issuer) != provider.given.issuer:
        raise Refused("issuer")
    if "error" in answer or not answer.get("code"):
        raise Refused("denied")
    with _client(provider, back) as client:
        told = _told(provider, client)
        token = _token(client, told["token_endpoint"], answer["code"], of["verifier"])
        keys = _json(client, told["jwks_uri"])
    return person(provider, claims(provider, token, keys, of["nonce"]))


def claims(provider: Provider, token: Mapping[str, Any], keys: Mapping[str, Any], nonce: str) -> dict[str, Any]:
    """What an identity token says, once all is proved that section 3.1.3.7 of OpenID Connect Core asks for.

    Raises `Refused` where its signature, algorithm, issuer, audience, time or nonce is not as it must be.
    """
    from authlib.oidc.core import CodeIDToken
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from joserfc.jws import JWSRegistry

    must_be = {
        "iss": {"essential": True, "value": provider.given.issuer},
        "aud": {"essential": True, "value": provider.given.client_id},
    }
    said = {"nonce": nonce, "client_id": provider.given.client_id, "access_token": token.get("access_token")}
    try:
        registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
        read = jwt.decode(str(token.get("id_token")), KeySet.import_key_set(keys), registry=registry)  # type: ignore[arg-type]
        proved = CodeIDToken(read.claims, read.header, must_be, said)
        proved.validate(leeway=LEEWAY_SECONDS)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Refused(f"token: {type(error).__name__}") from None
    return dict(proved)


def person(provider: Provider, said: Mapping[str, Any]) -> User:
    """The person of a token, with the agencies and the role that their groups stand for.

    Raises `Refused` for no role or two: which of them was meant is not guessed.
    """
    groups = said.get(provider.given.groups_claim, [])
    known = provider.given.groups
    rights = [known[g] for g in groups if isinstance(g, str) and g in known] if isinstance(groups, list) else []
    roles = {right.partition(":")[2] for right in rights}
    if len(roles) != 1:
        raise Refused("two roles" if roles else "no role")
    subject = str(said["sub"])
    if not NAME.fullmatch(subject):
        raise Refused("subject")
    agencies = {agency for right in rights for agency in right.partition(":")[0].split("+")}
    title = next((str(said[c]) for c in ("name", "preferred_username") if said.get(c)), subject)
    plain = "".join(c for c in title if c.isprintable())[:120].strip() or subject
    ordered = tuple(agency for agency in AGENCIES if agency in agencies)
    return User(f"{subject}@{provider.name}", plain, ordered, roles.pop(), provider.name)


def _client(provider: Provider, back: str) -> OAuth2Session:
    from authlib.integrations.requests_client import OAuth2Session

    secret = provider.secret.get_secret_value() if provider.secret else None
    client = OAuth2Session(
        provider.given.client_id, secret, scope=provider.given.scope, redirect_uri=back, code_challenge_method="S256"
    )
    client.max_redirects = 0
    return client


def _told(provider: Provider, client: OAuth2Session) -> dict[str, Any]:
    """What the provider says of itself (OpenID Connect Discovery 1.0)."""
    told = _json(client, f"{provider.given.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.given.issuer or not all(_is_safe(str(told.get(name))) for name in ENDPOINTS):
        raise Refused("provider")
    methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if provider.secret and "client_secret_basic" not in methods:
        client.token_endpoint_auth_method = "client_secret_post"  # noqa: S105 - a method's name
    return told


def _json(client: OAuth2Session, address: str) -> dict[str, Any]:
    import requests

    try:
        answered = client.request("GET", address, withhold_token=True, timeout=PATIENCE_SECONDS, allow_redirects=False)
        found = answered.json() if answered.status_code == 200 else None
    except (requests.RequestException, ValueError):
        found = None
    if not isinstance(found, dict):
        raise Refused("provider")
    return found


def _token(client: OAuth2Session, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
    import requests
    from authlib.common.errors import AuthlibBaseError

    asked = {"code": code, "code_verifier": verifier, "grant_type": "authorization_code"}
    try:
        return dict(client.fetch_token(endpoint, timeout=PATIENCE_SECONDS, allow_redirects=False, **asked))
    except (AuthlibBaseError, requests.RequestException, ValueError, KeyError):
        raise Refused("code") from None


def _is_safe(address: str) -> bool:
    """Tell whether an address is of HTTPS, or of this very machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
