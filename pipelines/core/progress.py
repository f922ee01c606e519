"""The voice of long commands: what is being done, and how long it has taken so far."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]


def progress() -> Say:
    """Return a voice on stderr that says how long the command has run; the platform's logger speaks with it too."""
    start = time.monotonic()

    def say(message: str) -> None:
        sys.stderr.write(f"{time.monotonic() - start:7.1f} s  {message}\n")
        sys.stderr.flush()

    class Spoken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    log = logging.getLogger("gerland")
    log.handlers, log.propagate = [Spoken()], False
    log.setLevel(logging.INFO)
    return say
