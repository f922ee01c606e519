"""Is the lake what was written to it? Each table against its seals: log, files, rows.

`verify` reads every byte; `glance` looks at the log and the sizes only, so that a run can do it each time. Neither
changes anything; `set_aside` takes a damaged table out of the way, so that the next run makes it again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyarrow import fs

from pipelines.files.store import file_system, sizes
from pipelines.lake import made
from pipelines.lake.delta import at, files_of, names_of, needs_engine
from pipelines.lake.opened import opened
from pipelines.lake.seal import (
    Print,
    Sealed,
    Unreadable,
    log_entries,
    log_files,
    printed,
    read_entry,
    sealed,
    sidecar,
    standing,
)

if TYPE_CHECKING:
    import pyarrow as pa

LOG_KEPT = dt.timedelta(days=30)  # Delta clears entries before a checkpoint when they are older
DAMAGED = "_damaged"


@dataclass(frozen=True)
class Verified:
    """What was found of one table: `problems` in words; none means that every byte is as it was written.

    `former` are changed files of former versions, which only the change feed may read, or the note of what the version
    that stands was made from: the table is whole without them. `as_of` is the date of the past lake that the table
    stands in, empty for the lake itself.
    """

    address: str
    n_files: int
    n_bytes: int
    problems: tuple[str, ...]
    n_orphans: int = 0
    is_sealed: bool = True
    is_early: bool = False  # its last seal is an earlier release's
    as_of: str = ""
    former: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Address of the table, with the date of a past lake."""
        return f"{self.address} as of {self.as_of}" if self.as_of else self.address

    @property
    def is_whole(self) -> bool:
        """Nothing is missing or changed."""
        return not self.problems and not self.former


def verify(folder: str, address: str) -> Verified:
    """Compare every log entry and every file, those of former versions too, with the seals, and rows with the log.

    A version that was committed and not sealed (a killed run, another program) is read against the log alone.
    """
    system, path = file_system(folder)
    seals = sealed(folder, is_read_anew=True)
    problems = [seals.problem] if seals.problem else []
    problems += _log_problems(system, path, seals)
    is_sealed = all(f"_delta_log/{name}" in seals.log for name in log_entries(system, path))
    kept = standing(system, path, seals.log)
    problems += _changed(system, path, {n: seals.log[n] for n in kept if is_sealed or "_last_checkpoint" not in n})
    try:
        delta = at(folder)
        adds, feature = files_of(delta), needs_engine(address, delta)
    except Exception as error:
        words = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        return Verified(address, 0, 0, tuple(problems or [f"the log can't be replayed: {words}"]))
    problems += [feature] if feature else []
    stands_on = dict(zip(names_of(adds), adds["size_bytes"].to_pylist(), strict=True))
    known = {name: seals.files.get(name, Print(size, "")) for name, size in stands_on.items()}
    beside = [sidecar(name) for name in stands_on if sidecar(name) in seals.files]
    known |= {n: seals.files[n] for n in standing(system, path, beside)}
    problems += _changed(system, path, known)
    if not problems:
        problems += _rows_problems(system, path, adds)
    lying = {i.path.removeprefix(f"{path}/") for i in _data_files(system, path)}
    history = {name for name in seals.files if name not in stands_on}
    orphans = lying - stands_on.keys() - history
    past = standing(system, path, [name for name in seals.files if name not in known])
    changed = [n for n, p in zip(past, printed(system, path, past), strict=True) if p != seals.files[n]]
    changed += made.changed(system, path)
    n_bytes = sum(stands_on.values()) + sum(seals.files[name].size for name in past)
    return Verified(
        address,
        len(stands_on) + len(past),
        n_bytes,
        tuple(problems),
        len(orphans),
        is_sealed,
        seals.is_early,
        former=tuple(changed),
    )


def glance(folder: str) -> str | None:
    """Say what a look at the log and at sizes finds wrong; None where it finds nothing. Reads no data file."""
    system, path = file_system(folder)
    seals = sealed(folder)
    if seals.problem:
        return seals.problem
    if found := _log_problems(system, path, seals):
        return found[0]
    try:
        adds = files_of(opened(folder) or at(folder))
    except Exception as error:
        return f"the log can't be replayed: {str(error).splitlines()[0][:120]}"
    written = dict(zip(names_of(adds), adds["size_bytes"].to_pylist(), strict=True))
    there = sizes(system, path, written)
    for name, size in written.items():
        if name not in there:
            return f"the file {name} is gone"
        if there[name] != size:
            return f"the file {name} has {there[name]:,} bytes where {size:,} were written"
    return None


def stands_on(folder: str) -> set[str]:
    """Files that the present version of a table stands on, by path in its folder."""
    return set(names_of(files_of(at(folder))))


def set_aside(root: str, address: str) -> str:
    """Move a table out of the lake, below `_damaged`, with the time in its name; returns the place."""
    system, base = file_system(root)
    layer, name = address.split(".")
    place = f"{base}/{DAMAGED}/{layer}/{name}-{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}"
    system.create_dir(place.rsplit("/", 1)[0], recursive=True)
    system.move(f"{base}/{layer}/{name}", place)
    return place


def _log_problems(system: fs.FileSystem, path: str, seals: Sealed) -> list[str]:
    """What is missing of the log, or empty in it, before any hash is taken."""
    there = {info.base_name: info.size for info in log_files(system, path)}
    names = list(there)
    commits = {int(n[:20]) for n in names if n.endswith(".json")}
    if not commits:
        return ["the log is gone"]
    problems = []
    checkpoint = max((int(n[:20]) for n in names if "checkpoint" in n), default=-1)
    last = max(commits | {seals.version})
    missing = [v for v in range(last + 1) if v not in commits and not _was_cleared(v, checkpoint, seals)]
    if missing:
        problems.append(f"{len(missing)} of {last + 1} log entries are gone, the first {missing[0]:020d}.json")
    for name in names:
        if name.endswith(".json") and f"_delta_log/{name}" not in seals.log:
            try:
                read_entry(system, f"{path}/_delta_log/{name}")
            except Unreadable as unreadable:
                problems.append(str(unreadable))
    for name, n_bytes in there.items():
        sealed_as = seals.log.get(f"_delta_log/{name}")
        if sealed_as and n_bytes != sealed_as.size:
            problems.append(f"the log entry {name} has {n_bytes:,} bytes where {sealed_as.size:,} were written")
    return problems


def _was_cleared(version: int, checkpoint: int, seals: Sealed) -> bool:
    """Tell whether Delta may have cleared an entry: a checkpoint stands after it, and it is old."""
    at = seals.at.get(f"_delta_log/{version:020d}.json")
    return version < checkpoint and (at is None or dt.datetime.now(dt.UTC) - at > LOG_KEPT)


def _changed(system: fs.FileSystem, path: str, known: dict[str, Print]) -> list[str]:
    """Files that are gone or differ from what was sealed, or in size where nothing was."""
    problems = []
    infos = system.get_file_info([f"{path}/{name}" for name in known]) if known else []
    there = [n for n, info in zip(known, infos, strict=True) if info.is_file]
    problems += [f"the file {n} is gone" for n in known if n not in set(there)]
    for name, found in zip(there, printed(system, path, there), strict=True):
        if found.size != known[name].size:
            problems.append(f"the file {name} has {found.size:,} bytes where {known[name].size:,} were written")
        elif known[name].sha256 and found.sha256 != known[name].sha256:
            problems.append(f"the file {name} was changed since it was written")
    return problems


def _rows_problems(system: fs.FileSystem, path: str, adds: pa.Table) -> list[str]:
    """Files whose rows are not as many as the log says."""
    import pyarrow.parquet as pq

    problems = []
    for name, n_rows in zip(names_of(adds), adds["num_records"].to_pylist(), strict=True):
        try:
            found = pq.read_metadata(f"{path}/{name}", filesystem=system).num_rows
        except (OSError, ValueError):
            problems.append(f"the file {name} is no Parquet file")
            continue
        if n_rows is not None and found != n_rows:
            problems.append(f"the file {name} holds {found:,} rows where the log says {n_rows:,}")
    return problems


def _data_files(system: fs.FileSystem, path: str) -> list[fs.FileInfo]:
    """Parquet files below a table's folder, its log, seals and change feed aside."""
    infos = system.get_file_info(fs.FileSelector(path, recursive=True))
    return [
        i
        for i in infos
        if i.is_file and i.path.endswith(".parquet") and not i.path.removeprefix(f"{path}/").startswith("_")
    ]
