"""The voice of the platform: what is being done and, in long commands, how long it has taken so far."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]
logger = logging.getLogger("gerland")


def log(message: str) -> None:
    """Say what is going on; the command line and Dagster show it. Never a row value."""
    logger.info(message)


def progress() -> Say:
    """Return a voice on stderr that says how long the command has run; the platform's logger speaks with it too."""
    start = time.monotonic()

    def say(message: str) -> None:
        sys.stderr.write(f"{time.monotonic() - start:7.1f} s  {message}\n")
        sys.stderr.flush()

    class Spoken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    logger.handlers, logger.propagate = [Spoken()], False
    logger.setLevel(logging.INFO)
    return say
