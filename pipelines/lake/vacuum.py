"""Files that no version of a table stands on any more: taken away once they are old enough."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from pyarrow import fs

from pipelines.files.store import file_system
from pipelines.lake.seal import log_entries, read_entry, sidecar
from pipelines.lake.staging import STAGED
from pipelines.lake.verify import stands_on


@dataclass(frozen=True)
class Swept:
    """What was taken away of one table: files and bytes."""

    n_files: int
    n_bytes: int


def vacuum(folder: str, before: dt.datetime) -> Swept:
    """Take away what has been of no version since before a time: what killed runs left, and what was replaced.

    The version that stands, its log and its seals are left as they are, and so is the number of the version: steps that
    read the table have nothing to do again. Nobody else may write meanwhile.
    """
    system, path = file_system(folder)
    kept = stands_on(folder)
    kept |= {sidecar(name) for name in kept}
    gone_since = _replaced(system, path)
    swept = []
    for info in system.get_file_info(fs.FileSelector(path, recursive=True)):
        name = info.path.removeprefix(f"{path}/")
        if not info.is_file or name in kept or not _is_of_data(name):
            continue
        if max(info.mtime, gone_since.get(name, info.mtime)) < before:
            swept.append(info)
    for info in swept:
        system.delete_file(info.path)
    return Swept(len(swept), sum(info.size for info in swept))


def _is_of_data(name: str) -> bool:
    """Tell whether a file holds or held rows: data, the change feed, what was staged; logs and seals do not."""
    top = name.split("/", 1)[0]
    return top in (STAGED, "_change_data") or (not top.startswith("_") and name.endswith((".parquet", ".parquet.crc")))


def _replaced(system: fs.FileSystem, path: str) -> dict[str, dt.datetime]:
    """When each file was replaced, as far back as the log reaches."""
    from urllib.parse import unquote

    at: dict[str, dt.datetime] = {}
    for entry in log_entries(system, path):
        if not entry.endswith(".json"):
            continue
        for action in read_entry(system, f"{path}/_delta_log/{entry}"):
            if gone := action.get("remove"):
                time = dt.datetime.fromtimestamp(gone.get("deletionTimestamp", 0) / 1000, dt.UTC)
                at[unquote(gone["path"])] = time
    return at
