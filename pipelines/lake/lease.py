"""One run at a time on a lake: whoever writes holds its lease.

In a folder it is a lock that the system frees when its process ends, on an object store one that runs out
(`store_lease`).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import getpass
import json
import os
import socket
import threading
from pathlib import Path
from typing import IO, Any

from pipelines.core.addresses import is_store
from pipelines.lake import store_lease
from pipelines.lake.store_lease import StoreLease, Taken

NAME = "_run.lock"
INCOMING, REPLACED = (
    "_restoring",
    "_replaced",
)  # of a restore: what is to stand, and what stood before, until all is done
_held: dict[str, IO[str] | StoreLease] = {}
_taking = threading.Lock()  # steps that begin a run at once are of one process


class LeaseTaken(Exception):
    """Another run writes to the lake; the message says whose."""


class Unfinished(Exception):
    """A restore of the lake was cut off, and nothing else may write to it; the message says what to do."""


def hold(root: str, is_restore: bool = False) -> None:
    """Take the lease of a lake for this process, until `release` or its end; whichever thread asks, it is the same.

    Raises `LeaseTaken` where another process has it, and `Unfinished` for all but a restore where one was cut off.
    """
    with _taking:
        if is_store(root):
            _hold_on_store(root)
        elif root not in _held:
            _hold_in_folder(root, is_restore)


def _hold_in_folder(root: str, is_restore: bool) -> None:
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
    json.dump(_self(), file)
    file.flush()
    _held[root] = file


def release(root: str) -> None:
    """Give the lease of a lake back; one that this process does not hold is left alone."""
    held = _held.pop(root, None)
    if isinstance(held, StoreLease):
        held.give_back()
    elif held:
        held.close()


def must_be_held(root: str) -> None:
    """Raise `LeaseTaken` where this process had the lease of a lake on a store and has lost it."""
    held = _held.get(root)
    if isinstance(held, StoreLease) and held.is_lost:
        raise LeaseTaken(f"this run has lost the lease of {root}: it could not renew it, or another run took it")


def _hold_on_store(root: str) -> None:
    must_be_held(root)
    if root in _held:
        return
    try:
        _held[root] = store_lease.take(f"{root.rstrip('/')}/{NAME}", _self())
    except Taken as taken:
        raise LeaseTaken(
            f"another run writes to {root} ({_owner(taken.owner)}); wait for its end, or stop it: a lease that nobody "
            f"renews runs out after {store_lease.LASTS_SECONDS:.0f} seconds"
        ) from None


def _self() -> dict[str, Any]:
    since = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return {"user": _user(), "host": socket.gethostname(), "process": os.getpid(), "since": since}


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
