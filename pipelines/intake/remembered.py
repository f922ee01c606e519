"""What was found in the landing zone is remembered, so that a file which was not written since is not read again.

A file is the same when its path, size and times are. As in git's index, a file whose times are too near the look at it
is not remembered: it may be written once more within the same tick of the clock, and keep its size. On a local disk the
times are that of the content, which anybody may set, and that of the entry, which nobody can; an object store sets its
only one itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyarrow import fs

from pipelines.files.store import is_local

Stamp = list[int]  # size in bytes, then times in nanoseconds
Print = tuple[str, int, str | None]  # SHA-256, size in bytes, what is wrong with it
Told = dict[str, Any]
NEAR_NS = 10_000_000_000  # clocks of stores and machines differ by less


def stamp_of(system: fs.FileSystem, info: fs.FileInfo) -> Stamp:
    """Size and times of a file as it was listed."""
    times = [info.mtime_ns]
    if is_local(system):
        try:
            times.append(Path(info.path).stat().st_ctime_ns)
        except OSError:  # gone since, or not to be looked at: reading it will tell
            times.append(time.time_ns())
    return [info.size, *times]


class Seen:
    """One file of the landing zone: what is known of its members, and what is found out of them now."""

    def __init__(self, stamp: Stamp, told: Told | None = None):
        """`told` is what is known of the file with this very stamp."""
        self.stamp = stamp
        self.told: Told = told or {"names": None, "prints": {}}

    def names(self, find: Callable[[], tuple[list[str], str | None]]) -> tuple[list[str], str | None]:
        """Names of an archive's members, and what is wrong with the archive."""
        if self.told["names"] is None:
            self.told["names"] = list(find())
        names, problem = self.told["names"]
        return names, problem

    def print_of(self, member: str | None, find: Callable[[], Print]) -> Print:
        """Hash, size and problem of the file itself, or of a member."""
        name = member or ""
        if name not in self.told["prints"]:
            self.told["prints"][name] = list(find())
        sha256, n_bytes, problem = self.told["prints"][name]
        return sha256, n_bytes, problem


@dataclass(frozen=True)
class Memory:
    """What former looks found, by path of the file: its stamp, the names in it, the prints."""

    files: Mapping[str, Told] = field(default_factory=dict)

    def look(self) -> Look:
        """Begin a look at the landing zone."""
        return Look(self, time.time_ns())


NOTHING = Memory()


class Look:
    """One look at the landing zone, begun at a time."""

    def __init__(self, before: Memory, began_ns: int):
        """Of `before`, what has the same stamp is taken for known."""
        self._before, self._began_ns = before, began_ns
        self._seen: dict[str, Seen] = {}

    def at(self, path: str, stamp: Stamp) -> Seen:
        """What is known of a file that now has this stamp."""
        known = self._before.files.get(path)
        same = known is not None and known["stamp"] == stamp
        told = {"names": known["names"], "prints": dict(known["prints"])} if known and same else None
        return self._seen.setdefault(path, Seen(stamp, told))

    def memory(self) -> Memory:
        """What can be relied on from now on: of files that were written well before the look."""
        settled = self._began_ns - NEAR_NS
        return Memory(
            {
                path: {"stamp": seen.stamp, **seen.told}
                for path, seen in self._seen.items()
                if max(seen.stamp[1:]) <= settled and (seen.told["names"] or seen.told["prints"])
            }
        )
