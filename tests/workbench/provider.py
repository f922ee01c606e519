"""A small identity provider of one's own, over HTTP: what the workbench logs in by in tests, true or lying.

It does what OpenID Connect Core 1.0 (section 3.1) and RFC 7636 ask of a provider for the code flow, and no more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

Claims = dict[str, Any]


@dataclass
class TestProvider:
    """A provider at an address of this machine. What it says can be bent: `changed` for claims, `sign` for tokens."""

    __test__ = False

    client_id: str = "gerland"
    client_secret: str = "between us"
    person: Claims = field(default_factory=lambda: {"sub": "u-17", "name": "Anne Bernard", "groups": ["vigilance"]})
    changed: Callable[[Claims], Claims] = lambda claims: claims
    metadata: Claims = field(default_factory=dict)
    codes: dict[str, Claims] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    key: RSAKey = field(default_factory=lambda: _key())
    sign: Callable[[TestProvider, Claims], str] | None = None

    def __enter__(self) -> TestProvider:
        """Answer from now on."""
        told = self

        class Answers(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def do_GET(self) -> None:
                self._send(*told.get(self.path))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self._send(*told.token(dict(parse_qsl(body)), self.headers.get("authorization", "")))

            def _send(self, status: int, content: Any) -> None:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        """End."""
        self.server.shutdown()
        self.server.server_close()

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server.server_port}"

    def get(self, path: str) -> tuple[int, Any]:
        """What it says of itself, and its keys."""
        if path == "/.well-known/openid-configuration":
            known = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
            return 200, {"issuer": self.issuer, **{k: f"{self.issuer}/{v}" for k, v in known.items()}, **self.metadata}
        return (200, {"keys": [self.key.as_dict(private=False)]}) if path == "/keys" else (404, {})

    def authorize(self, address: str) -> str:
        """Address that it sends a browser back to, once the person has proved who they are."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert address.startswith(f"{self.issuer}/authorize?")
        assert (asked["client_id"], asked["response_type"]) == (self.client_id, "code")
        assert (asked["code_challenge_method"], "openid" in asked["scope"].split()) == ("S256", True)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def token(self, sent: Claims, authorization: str) -> tuple[int, Any]:
        """A token for a code: once, for whom it was made, with the verifier of its challenge."""
        told = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        asked = self.codes.pop(sent.get("code", ""), None)
        digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        is_right = authorization == f"Basic {told}" and sent["grant_type"] == "authorization_code"
        if not is_right or asked is None or proof != asked["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "<b>no</b>"}
        self.used.append(sent["code"])
        moment = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": moment, "exp": moment + 300}
        claims = self.changed({**claims, "nonce": asked["nonce"], **self.person})
        signed = self.sign(self, claims) if self.sign else self.signed(claims)
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": signed}

    def signed(self, claims: Claims) -> str:
        """The claims under its key."""
        return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, self.key)


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
