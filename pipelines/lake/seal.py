"""Seals: what every version of a table consisted of, byte for byte, written down when it was committed.

Beside a table's log lies a folder `_seal`, a file a commit: the log entries and data files that it brought, each with
its size and SHA-256, the hash of the seal before and its own; every fiftieth repeats all that is known, and those
before it are taken away. A log that lost its end, a file that went or changed, can so be told from what was written;
Delta's own log knows sizes only, and nothing of its own entries. Readers ignore the folder.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from pyarrow import fs

from pipelines.files.store import file_system, is_local, make_room
from pipelines.lake.listing import forget, listing

CHUNK_BYTES = 1 << 20
HASHED_AT_ONCE = 4
FORM = 2  # of the seals that this release writes; those of form 1 carry no hash of their own
LAST_CHECKPOINT = "_delta_log/_last_checkpoint"
WHOLE_EVERY = 50  # seals from one that repeats all to the next
SEAL = re.compile(r"^\d{8}\.json$")
FIRST_FORM = {"version", "at", "before", "log", "files"}
LATER = (
    "the seal {} was written by a later release (form {}, this one knows up to {}), or was changed: use that release; "
    "where there was none, restore the table from a backup"
)
ENTRY = re.compile(r"^(\d{20})\.(json|crc|checkpoint(?:\.\d+\.\d+)?\.parquet)$")


@dataclass(frozen=True)
class Print:
    """A file by its size in bytes and its SHA-256."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Sealed:
    """What the seals of a table say together: its last version, log entries and data files, by path in its folder."""

    version: int
    log: dict[str, Print]
    files: dict[str, Print]
    at: dict[str, dt.datetime]  # log entry: when it was sealed
    n_seals: int
    problem: str | None = None
    is_early: bool = False  # the last one is of an earlier form: nothing tells whether it was changed itself


@dataclass(frozen=True)
class Chain:
    """Seals that were read: the files by name, size and time, what they say together, the hash of the last."""

    marks: list[tuple[str, int, int]]
    told: Sealed
    before: str | None


NOTHING = Sealed(-1, {}, {}, {}, 0)
_known: dict[str, Chain] = {}


class LaterForm(ValueError):
    """A seal is of a form that a later release writes."""

    def __init__(self, form: int):
        """Say which."""
        super().__init__(form)
        self.form = form


class Unreadable(Exception):
    """A log entry or a seal is no longer what a commit writes; the message names it."""


def seal(folder: str) -> None:
    """Seal what came to a table's folder since the last seal; a second call finds nothing to do.

    A last seal of an earlier release is sealed in its turn, so that a change of it is told from then on.

    Raises `Unreadable` where a new log entry can't be read: what is damaged is never sealed.
    """
    system, path = file_system(folder)
    before = sealed(folder)
    if before.problem:
        raise Unreadable(before.problem)
    names = [name for name in log_entries(system, path) if f"_delta_log/{name}" not in before.log]
    if not names and not before.is_early:
        return
    log = [f"_delta_log/{name}" for name in names]
    if any("checkpoint" in name for name in names):
        log.append(LAST_CHECKPOINT)
    told = {name: read_entry(system, f"{path}/_delta_log/{name}") for name in names if name.endswith(".json")}
    files = sorted({file for actions in told.values() for file in brought(actions)})
    log, files = (
        standing(system, path, with_sidecars(system, log)),
        standing(system, path, with_sidecars(system, files)),
    )
    prints = dict(zip([*log, *files], printed(system, path, [*log, *files]), strict=True))
    is_whole = before.n_seals % WHOLE_EVERY == 0
    known_log, known_files = (before.log, before.files) if is_whole else ({}, {})
    content = {
        "form": FORM,
        "version": max([before.version, *(int(name[:20]) for name in names)]),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "before": _hash_of_last(system, path, before.n_seals),
        "log": _written(known_log | {name: prints[name] for name in log}),
        "files": _written(known_files | {name: prints[name] for name in files}),
    }
    sealed_as = json.dumps(content | {"own": own_hash(content)}, sort_keys=True).encode()
    name = f"{path}/_seal/{before.n_seals:08d}.json"
    make_room(system, name)
    with system.open_output_stream(name) as out:
        out.write(sealed_as)
    forget(f"{path}/_seal")
    for repeated in _seals(system, path)[0]:
        system.delete_file(repeated.path)


def sealed(folder: str, is_read_anew: bool = False) -> Sealed:
    """Read the seals of a table's folder; `problem` says what is wrong with them themselves.

    What this process has read before counts as long as the files are, by size and time, those that they were; unless
    they are to be read anew.
    """
    system, path = file_system(folder)
    _, needed = _seals(system, path)
    marks = [(info.base_name, info.size, info.mtime_ns) for info in needed]
    known = None if is_read_anew else _known.get(folder)
    first = _first(needed)
    if known is None or known.marks != marks[: len(known.marks)] or not known.marks:
        known = Chain([], NOTHING, None)
    found, before = known.told, known.before
    for position, info in enumerate(needed[len(known.marks) :], first + len(known.marks)):
        data = read(system, info.path)
        try:
            found = _with(found, json.loads(data), before, position, info.base_name)
        except LaterForm as later:
            found = replace(found, problem=LATER.format(info.base_name, later.form, FORM))
            break
        except (ValueError, KeyError, TypeError, AttributeError):
            found = replace(found, problem=f"the seal {info.base_name} was changed, or one before it is gone")
            break
        before = hashlib.sha256(data).hexdigest()
    if found.problem:
        _known.pop(folder, None)
    else:
        _known[folder] = Chain(marks, found, before)
    return found


def _with(found: Sealed, told: dict[str, Any], before: str | None, position: int, name: str) -> Sealed:
    """What seals say together with one more. Raises `LaterForm`, or another `ValueError` where it was changed."""
    if (form := told.get("form", FORM)) > FORM:
        raise LaterForm(form)
    if before not in (None, told["before"]) or name != f"{position:08d}.json":
        raise ValueError
    is_early = told.keys() == FIRST_FORM
    if not is_early and told.pop("own", None) != own_hash(told):
        raise ValueError
    entries, files = _prints(told["log"]), _prints(told["files"])
    at = found.at | dict.fromkeys(entries, dt.datetime.fromisoformat(told["at"]))
    return Sealed(told["version"], found.log | entries, found.files | files, at, position + 1, None, is_early)


def _seals(system: fs.FileSystem, path: str) -> tuple[list[fs.FileInfo], list[fs.FileInfo]]:
    """Seals in order: those that a later one repeats, and those that are read, from the last that repeats all on."""
    infos = [i for i in listing(system, f"{path}/_seal") if SEAL.match(i.base_name)]
    repeated = [i for i in infos if int(i.base_name[:8]) < _first(infos)]
    return repeated, infos[len(repeated) :]


def _first(infos: list[fs.FileInfo]) -> int:
    """Number of the last seal that repeats all, as the last of some seals has it."""
    return int(infos[-1].base_name[:8]) // WHOLE_EVERY * WHOLE_EVERY if infos else 0


def standing(system: fs.FileSystem, path: str, names: Iterable[str]) -> list[str]:
    """Return those of the files that are there; what a commit brought may have been replaced and cleared since."""
    names = list(names)
    infos = system.get_file_info([f"{path}/{name}" for name in names]) if names else []
    return [name for name, info in zip(names, infos, strict=True) if info.is_file]


def with_sidecars(system: fs.FileSystem, names: Sequence[str]) -> list[str]:
    """Files, and the checksums that Hadoop keeps beside them in folders."""
    return [*names, *map(sidecar, names)] if is_local(system) else list(names)


def sidecar(name: str) -> str:
    """Name of the checksum that Hadoop's local file system keeps beside a file and believes more than the file."""
    folder, slash, base = name.rpartition("/")
    return f"{folder}{slash}.{base}.crc"


def log_entries(system: fs.FileSystem, path: str) -> list[str]:
    """Names of the commits, their checksums and the checkpoints of a log, in order; none of one that holds nothing."""
    return [info.base_name for info in log_files(system, path)]


def log_files(system: fs.FileSystem, path: str) -> list[fs.FileInfo]:
    """The entries of `log_entries`, as one listing shows them."""
    found = [info for info in listing(system, f"{path}/_delta_log") if ENTRY.match(info.base_name)]
    return found if any(info.size for info in found) else []


def read_entry(system: fs.FileSystem, full: str) -> list[dict[str, Any]]:
    """Actions of a commit. Raises `Unreadable` where it is empty or no list of actions."""
    name = full.rsplit("/", 1)[-1]
    try:
        actions = [json.loads(line) for line in read(system, full).splitlines() if line.strip()]
    except ValueError:
        raise Unreadable(f"the log entry {name} can't be read") from None
    if not actions or not all(isinstance(action, dict) for action in actions):
        raise Unreadable(f"the log entry {name} holds nothing")
    return actions


def brought(actions: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Data files that a commit added, the change feed's among them, by path in the table's folder."""
    for action in actions:
        for kind in ("add", "cdc"):
            if kind in action:
                yield unquote(action[kind]["path"])


def printed(system: fs.FileSystem, path: str, names: Iterable[str]) -> list[Print]:
    """Size and SHA-256 of files, read a piece at a time, several at once."""
    with ThreadPoolExecutor(HASHED_AT_ONCE) as pool:
        return list(pool.map(lambda name: _print(system, f"{path}/{name}"), names))


def read(system: fs.FileSystem, full: str) -> bytes:
    """Bytes of a small file."""
    with system.open_input_stream(full) as stream:
        return bytes(stream.read())


def _print(system: fs.FileSystem, full: str) -> Print:
    digest, size = hashlib.sha256(), 0
    with system.open_input_stream(full) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    return Print(size, digest.hexdigest())


def _written(prints: dict[str, Print]) -> dict[str, tuple[int, str]]:
    return {name: (found.size, found.sha256) for name, found in prints.items()}


def _prints(told: dict[str, list[Any]]) -> dict[str, Print]:
    return {name: Print(int(size), str(sha256)) for name, (size, sha256) in told.items()}


def own_hash(content: dict[str, Any]) -> str:
    """Hash of what a seal says: a seal that was changed is told by itself, the last one too."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def vouched(content: dict[str, Any]) -> bytes:
    """A small file's content with its own hash: what reads it knows whether it is whole."""
    return json.dumps(content | {"own": own_hash(content)}).encode()


def vouched_content(system: fs.FileSystem, full: str) -> dict[str, Any] | None:
    """Content of such a file; None where it is not there, cut off or changed."""
    try:
        content: dict[str, Any] = json.loads(read(system, full))
        return content if content.pop("own") == own_hash(content) else None
    except (OSError, ValueError, KeyError, AttributeError):
        return None


def _hash_of_last(system: fs.FileSystem, path: str, n_seals: int) -> str:
    if not n_seals:
        return ""
    return hashlib.sha256(read(system, f"{path}/_seal/{n_seals - 1:08d}.json")).hexdigest()
