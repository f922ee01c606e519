"""Addresses of other services: the spelling that their libraries ask for, how they are shown, and why one is silent.

What is shown carries no secret.
"""

from __future__ import annotations

import re

POSTGRES = re.compile(r"^postgres(?:ql)?(?:\+\w+)?://")
DRIVER = "postgresql+psycopg2://"  # what Dagster brings; SQLAlchemy's own choice is another
PATIENCE = "connect_timeout=5"  # seconds, else libpq waits as long as the system does
HIDDEN = "***"
HARMLESS = {"connect_timeout", "dbname", "host", "port", "sslmode", "use_ssl", "user_id", "region", "scheme"}
_LOGIN = re.compile(r"([a-z][a-z0-9+.-]*://)([^:/?#@;\s]*):.*@", re.IGNORECASE)
_PARAMETER = re.compile(r"(?<=[?&;])([^=&;]*)=([^&;]*)")

SCHEME = "s3"  # of an object store


class AddressRefused(ValueError):
    """An address names no store that can be read here; the message says what can."""


def is_store(root: str) -> bool:
    """Tell whether a place is an object store's, not a folder. Raises `AddressRefused` for another kind of store."""
    scheme, found, rest = root.partition("://")
    if not found:
        return False
    if scheme != SCHEME or not rest.strip("/"):
        raise AddressRefused(f"{root!r} is no folder and no s3://bucket/… address")
    return True


def is_postgres(address: str) -> bool:
    """Tell whether an address names a PostgreSQL database."""
    return POSTGRES.match(address) is not None


def is_server(address: str) -> bool:
    """Tell whether an address is that of a web server."""
    return address.startswith(("http://", "https://"))


def spelled(address: str) -> str:
    """An address as libraries take it: of PostgreSQL with the driver that is installed and an end to waiting."""
    if not is_postgres(address):
        return address
    address = POSTGRES.sub(DRIVER, address)
    if "connect_timeout=" in address:
        return address
    return f"{address}{'&' if '?' in address else '?'}{PATIENCE}"


def shown(address: str) -> str:
    """An address without the secrets that it carries: passwords, tokens, and parameters not known to be harmless.

    A password that holds `@` or `/` unquoted is hidden whole: the login ends at the last `@`.
    """
    if not address.startswith("sc://"):  # Spark Connect knows no login, and its parameters may hold `@`
        address = _LOGIN.sub(rf"\1\2:{HIDDEN}@", address)
    return _PARAMETER.sub(lambda found: f"{found[1]}={found[2] if found[1] in HARMLESS else HIDDEN}", address)


def because(error: BaseException) -> str:
    """The innermost cause of an error in a few words, without what it may quote of an address."""
    while inner := error.__cause__ or (None if error.__suppress_context__ else error.__context__):
        error = inner
    if isinstance(error, ModuleNotFoundError):
        return f"the Python package {error.name} is missing, install gerland[cluster]"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = (words.strip().splitlines() or [type(error).__name__])[0]
    _, _, inner_words = line.rpartition("failed: ")  # libpq names the whole way to what failed
    said = " ".join(inner_words.removeprefix("FATAL:").split())
    return shown(f"{said[0].lower()}{said[1:]}" if said else type(error).__name__)
