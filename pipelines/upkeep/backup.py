"""`gerland backup` and `gerland restore`: the lake as it stands, copied with the size and SHA-256 of every file."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.core.addresses import is_store
from pipelines.core.code import code_version
from pipelines.intake.survey import NAME as LANDING_SEEN
from pipelines.lake.lease import INCOMING, hold, release
from pipelines.lake.lease import NAME as LOCK
from pipelines.lake.lease import REPLACED as OUTGOING
from pipelines.lake.seal import CHUNK_BYTES
from pipelines.lake.staging import STAGED
from pipelines.upkeep.verify import VerifyError, verify_lake

Say = Callable[[str], None]
MANIFEST, COPY = "manifest.json", "lake"
OWN = {LOCK, STAGED, INCOMING, OUTGOING, LANDING_SEEN, "_warehouse"}  # of a run, not of the lake


class BackupError(Exception):
    """The lake can't be copied or put back as asked; the message says why."""


def backup(root: str, to: Path, say: Say) -> Path:
    """Copy a lake to an empty folder and prove the copy whole; returns its manifest, which is written last.

    Raises `BackupError` where the folder holds something, or where a table is damaged in the lake.
    """
    lake = _local(root)
    if to.exists() and any(to.iterdir()):
        raise BackupError(f"{to} is not empty: a backup goes to a folder of its own")
    hold(root)
    try:
        names = sorted(_files(lake))
        say(f"copying {len(names):,} files")
        files = {name: _copied(lake / name, to / COPY / name) for name in names}
    finally:
        release(root)
    try:
        damaged = verify_lake(str(to / COPY), None, say)
    except VerifyError:
        raise BackupError(f"{root} holds no table") from None
    if damaged:
        raise BackupError(
            f"{len(damaged)} tables of {root} are damaged; no backup was made, `gerland verify` tells all"
        )
    told = {"made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "code_version": code_version()}
    part = to / f"{MANIFEST}.part"
    part.write_text(json.dumps({**told, "files": files}, indent=1, sort_keys=True))
    part.rename(to / MANIFEST)
    say(f"{len(files):,} files, {sum(size for size, _ in files.values()) / 1e6:,.1f} MB in {to}")
    return to / MANIFEST


def backup_dated(root: str, folder: Path, kept: int, say: Say) -> Path:
    """Copy a lake to a folder named after the moment, and take away all but the newest `kept` copies there.

    Folders without a manifest are not ours, or not whole, and are left alone. Raises as `backup`.
    """
    to = folder / dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H%M%SZ")
    manifest = backup(root, to, say)
    whole = sorted(path.parent for path in folder.glob(f"*Z/{MANIFEST}"))
    for former in whole[:-kept]:
        shutil.rmtree(former)
        say(f"{former} taken away: {kept} newer backups stand")
    return manifest


@contextmanager
def edited(to: Path) -> Iterator[str]:
    """Give the lake of a backup that is whole, to be changed within, and write its manifest anew.

    Raises `BackupError` where the backup is not whole. What is killed within leaves a backup without a manifest.
    """
    _must_be_whole(to / COPY, _manifest(to))
    told = json.loads((to / MANIFEST).read_text())
    (to / MANIFEST).rename(to / f"{MANIFEST}.part")
    yield str(to / COPY)
    told["files"] = {name: _printed(to / COPY / name) for name in sorted(_files(to / COPY))}
    (to / f"{MANIFEST}.part").write_text(json.dumps(told, indent=1, sort_keys=True))
    (to / f"{MANIFEST}.part").rename(to / MANIFEST)


def _printed(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def restore(source: Path, root: str, replace: bool, say: Say, prepare: Callable[[str], None] | None = None) -> None:
    """Put a backup where the lake is, once every file of it has been read and found as it was written.

    `prepare` is given the folder of the copy before it takes its place: what it changes there is changed in the lake
    from the first moment on. What stood before is kept until all is done, so that a restore that was cut off can be
    called again; until then no run begins. Raises `BackupError` for a backup that is not whole, and for a lake that
    holds something unless `replace` is said; nothing is changed then.
    """
    lake, files = _local(root), _manifest(source)
    _must_be_whole(source / COPY, files)
    hold(root, is_restore=True)
    try:
        standing = [p for p in lake.iterdir() if p.name not in OWN]
        if (standing or (lake / OUTGOING).exists()) and not replace:
            raise BackupError(f"{root} is not empty; --replace puts the backup in its place")
        incoming = lake / INCOMING
        shutil.rmtree(incoming, ignore_errors=True)
        try:
            for name, known in files.items():
                if list(_copied(source / COPY / name, incoming / name)) != known:
                    raise BackupError(f"{name} changed while it was read; the lake was left as it was")
            if prepare:
                prepare(str(incoming))
        except BaseException:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
        outgoing = lake / OUTGOING / f"{len(_left(root))}"
        outgoing.mkdir(parents=True)
        for place in standing:
            place.rename(outgoing / place.name)
        for place in incoming.iterdir():
            place.rename(lake / place.name)
        shutil.rmtree(incoming)
        shutil.rmtree(lake / OUTGOING)
    finally:
        release(root)
    say(f"{len(files):,} files restored to {root}; next: gerland verify")


def _left(root: str) -> list[Path]:
    """Lakes that restores which were cut off had begun to replace, in whole or in part."""
    return sorted((Path(root) / OUTGOING).glob("*"))


def lakes_of(place: str) -> list[str]:
    """Lakes in a folder: of a backup its copy, else the lake itself and what a restore that was cut off left of it."""
    if (Path(place) / MANIFEST).is_file():
        return [str(Path(place) / COPY)]
    return [place, *map(str, _left(place))] if not is_store(place) else [place]


def _local(root: str) -> Path:
    if is_store(root):
        raise BackupError("on an object store, use the store's own versions and copies")
    return Path(root)


def _files(lake: Path) -> Iterator[str]:
    """Files of a lake by path, what belongs to a run left out."""
    for path in lake.rglob("*"):
        inside = path.relative_to(lake)
        if path.is_file() and OWN.isdisjoint(inside.parts):
            yield str(inside)


def _copied(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; returns the size and SHA-256 of what was read."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as given, target.open("wb") as out:
        while chunk := given.read(CHUNK_BYTES):
            out.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _manifest(source: Path) -> dict[str, Any]:
    try:
        files = json.loads((source / MANIFEST).read_text())["files"]
    except FileNotFoundError:
        raise BackupError(f"{source} holds no backup that was finished: there is no {MANIFEST}") from None
    except (ValueError, KeyError, TypeError):
        raise BackupError(f"the {MANIFEST} of {source} can't be read") from None
    return dict(files)


def _must_be_whole(copy: Path, files: dict[str, Any]) -> None:
    """Read all of a backup and refuse one that is not as it was made."""
    there = set(_files(copy))
    if lost := files.keys() - there:
        raise BackupError(f"the backup has lost {len(lost)} of its {len(files)} files, such as {min(lost)}")
    if strange := there - files.keys():
        raise BackupError(f"the backup holds {len(strange)} files that are not its own, such as {min(strange)}")
    for name, (size, sha256) in files.items():
        with (copy / name).open("rb") as file:
            if (copy / name).stat().st_size != size or hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise BackupError(f"the backup is damaged: {name} was changed since it was made")
