"""Delta tables that stay open: what their logs said is kept, and only what came since is read.

Opening a table replays its log, some 2 ms even of a small one, and a run asks hundreds of times. What is kept counts as
long as the log's first entry, and the last that was read, are the very files that they were; else the log is read anew.
A table that is opened here is its thread's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from pyarrow import fs

from pipelines.files.store import file_system
from pipelines.lake.delta import at

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from pipelines.lake.lake import Lake

Found = TypeVar("Found")
Marks = list[tuple[int, int]]  # size and time of log entries


class _Kept(threading.local):
    def __init__(self) -> None:
        self.tables: dict[str, tuple[DeltaTable, Marks]] = {}


_kept = _Kept()


def opened(folder: str) -> DeltaTable:
    """The table of a folder as its log stands now. Raises what delta-rs raises of a log that can't be read."""
    system, path = file_system(folder)
    known = _kept.tables.get(folder)
    if known is not None and known[1] == _marks(system, path, known[0].version()):
        delta, before = known[0], known[0].version()
        delta.update_incremental()
        if delta.version() == before:
            return delta
    else:
        delta = at(folder)
    marks = _marks(system, path, delta.version())
    if len(marks) == len({0, delta.version()}):
        _kept.tables[folder] = (delta, marks)
    else:  # the first entry was cleared away: nothing tells this table from another at its place
        _kept.tables.pop(folder, None)
    return delta


def _marks(system: fs.FileSystem, path: str, version: int) -> Marks:
    """Size and time of the first log entry and of that of a version, as far as they are there."""
    infos = system.get_file_info([f"{path}/_delta_log/{n:020d}.json" for n in sorted({0, version})])
    return [(info.size, info.mtime_ns) for info in infos if info.is_file]


def by_version(address: str) -> Callable[[Callable[[Lake], Found]], Callable[[Lake], Found]]:
    """Remember what a function finds in a table of a lake until the table stands at another version.

    What is found is shared by all who ask: nobody may change it.
    """

    def remembering(find: Callable[[Lake], Found]) -> Callable[[Lake], Found]:
        last: dict[tuple[str, str, str], Found] = {}

        @wraps(find)
        def found(lake: Lake) -> Found:
            at = (lake.root, str(lake.as_of), lake.version(address))
            known = last.get(at)
            if known is None:
                known = find(lake)
                last.clear()
                last[at] = known
            return known

        return found

    return remembering
