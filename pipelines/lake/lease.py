"""One run at a time on a lake: whoever writes holds its lease, a lock that the system frees when its process ends."""

from __future__ import annotations

import datetime as dt
import fcntl
import getpass
import json
import os
import socket
from pathlib import Path
from typing import IO

NAME = "_run.lock"
INCOMING, REPLACED = (
    "_restoring",
    "_replaced",
)  # of a restore: what is to stand, and what stood before, until all is done
_held: dict[str, IO[str]] = {}


class LeaseTaken(Exception):
    """Another run writes to the lake; the message says whose."""


class Unfinished(Exception):
    """A restore of the lake was cut off, and nothing else may write to it; the message says what to do."""


def hold(root: str, is_restore: bool = False) -> None:
    """Take the lease of a lake for this process, until `release` or its end.

    Raises `LeaseTaken` where another has it, and `Unfinished` for all but a restore where one was cut off.
    The lock is one of the machine's file system. On an object store there is none: there, the scheduler must see to it
    that one run at a time writes to a lake.
    """
    if root in _held or "://" in root:
        return
    folder = Path(root)
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / NAME).open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        told = _owner(file.read())
        file.close()
        raise LeaseTaken(f"another run writes to {root} ({told}); wait for its end, or stop it") from None
    if not is_restore and (folder / REPLACED).exists():
        file.close()
        raise Unfinished(f"a restore into {root} was cut off: call it again, `gerland restore FROM --replace`")
    file.seek(0)
    file.truncate()
    since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    json.dump({"user": _user(), "host": socket.gethostname(), "process": os.getpid(), "since": since}, file)
    file.flush()
    _held[root] = file


def release(root: str) -> None:
    """Give the lease of a lake back; one that this process does not hold is left alone."""
    if file := _held.pop(root, None):
        file.close()


def _owner(text: str) -> str:
    try:
        told = json.loads(text)
        return f"process {told['process']} of {told['user']} on {told['host']}, since {told['since']}"
    except (ValueError, KeyError, TypeError):
        return "its owner has not written its name yet"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
