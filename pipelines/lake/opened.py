"""Delta tables that stay open: what their logs said is kept, and only what came since is read.

Opening a table replays its log, some 2 ms even of a small one and a dozen requests on a store, and a run asks hundreds
of times. What is kept counts as long as the log's first entry, and the last that was read, are the very files that they
were; else the log is read anew. One listing tells. A table that is opened here is its thread's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from pyarrow import fs

from pipelines.files.store import file_system
from pipelines.lake.delta import at
from pipelines.lake.seal import log_files

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from pipelines.lake.lake import Lake

Found = TypeVar("Found")
Marks = dict[int, tuple[int, int]]  # size and time of commits, by version


class _Kept(threading.local):
    def __init__(self) -> None:
        self.tables: dict[str, tuple[DeltaTable, Marks]] = {}


_kept = _Kept()


def opened(folder: str) -> DeltaTable | None:
    """The table of a folder as its log stands now; None where its log holds nothing.

    Raises what delta-rs raises of a log that can't be read.
    """
    system, path = file_system(folder)
    log = _commits(system, path)
    if log is None:
        return None
    delta, marks = _kept.tables.get(folder, (None, {}))
    if delta is None or marks.items() - log.items():
        delta = at(folder)
    elif delta.version() != max(log):
        delta.update_incremental()
    if delta.version() not in log:  # it went on meanwhile
        log = _commits(system, path) or {}
    if log.keys() >= (own := {0, delta.version()}):
        _kept.tables[folder] = (delta, {version: log[version] for version in own})
    else:  # the first entry was cleared away: nothing tells this table from another at its place
        _kept.tables.pop(folder, None)
    return delta


def _commits(system: fs.FileSystem, path: str) -> Marks | None:
    """Commits of a log by version; None where the log holds nothing."""
    if not (entries := log_files(system, path)):
        return None
    commits = [info for info in entries if info.extension == "json"]
    return {int(info.base_name[:20]): (info.size, info.mtime_ns) for info in commits}


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
