"""`python -m infra.health ADDRESS`: does a service answer? For health checks of containers, which have no curl.

An address is `http://host:port/path`, which must answer 200, or `tcp://host:port`, which must take a connection.
"""

from __future__ import annotations

import socket
import sys
import urllib.request
from urllib.parse import urlsplit

SECONDS = 5


def problem(address: str) -> str | None:
    """Say why an address does not answer; None where it does. Raises ValueError for another kind of address."""
    place = urlsplit(address)
    if place.scheme not in ("http", "tcp") or not place.hostname or not place.port:
        raise ValueError(f"{address!r} is neither http://host:port/path nor tcp://host:port")
    try:
        if place.scheme == "tcp":
            socket.create_connection((place.hostname, place.port), SECONDS).close()
        else:
            urllib.request.urlopen(address, timeout=SECONDS).close()  # noqa: S310
    except OSError as error:
        return str(getattr(error, "reason", None) or error.strerror or error)
    return None


if __name__ == "__main__":
    why = problem(sys.argv[1])
    sys.stderr.write(f"{sys.argv[1]}: {why}\n" if why else "")
    raise SystemExit(1 if why else 0)
