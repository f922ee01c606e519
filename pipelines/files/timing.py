"""Reading that takes too long ends."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.files.text import Refused


@contextmanager
def in_time(seconds: float) -> Iterator[None]:
    """Raise `Refused` inside of a block that takes longer than so many seconds.

    By an alarm of the process, which regular expressions and Python heed; in a thread that is not the main one, which
    no alarm can reach, the time is not limited. Tasks of Spark run in the main threads of their workers.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def late(*_: object) -> None:
        raise Refused(f"took more than {seconds:,.0f} seconds to read")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
