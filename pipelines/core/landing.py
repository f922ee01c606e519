"""The landing zone: which files lie there, whose they are, what is wrong with them before any row is read.

Nothing in it is ever changed. Archives are read in place, member by member; nothing is unpacked to disk.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import BinaryIO

from pyarrow import fs

from pipelines.core.catalog import SourceFolder
from pipelines.core.reading import encoding_problem
from pipelines.core.storage import is_of_content, patiently, said
from pipelines.core.table import BronzeTable

MAX_EXPANDED_BYTES = 64 * 1024**3
MAX_RATIO = 500
HEAD_BYTES = 4096
CHUNK_BYTES = 1 << 20
# What libraries raise about the content of an archive; other errors of the system are the store's.
CORRUPT = (
    *(zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError),
    *(RuntimeError, NotImplementedError, ValueError, struct.error),
)


@dataclass(frozen=True)
class Landed:
    """One file of one source: a plain file, a decompressed one, or a member of an archive."""

    source: str
    path: str
    container: str
    member: str | None
    tables: tuple[type[BronzeTable], ...]
    known_date: dt.date
    sha256: str = ""
    n_bytes: int = 0
    problem: str | None = None  # of the file: it is refused
    fault: str | None = None  # of the store, or of the moment: it is left for the next run
    stat: tuple[int, int] | None = None  # size and time of the container as it was listed

    @property
    def delivery_id(self) -> str:
        """Hash of content and date: what makes a delivery the same or another."""
        identity = f"{self.source}|{self.sha256}|{self.known_date.isoformat()}"
        return hashlib.sha256(identity.encode()).hexdigest()[:16]


def file_system(root: str) -> tuple[fs.FileSystem, str]:
    """Open the file system and the base path of a local folder or an object-store address."""
    if "://" in root:
        return fs.FileSystem.from_uri(root)
    return fs.LocalFileSystem(), str(PurePosixPath(root))


def scan(root: str, sources: dict[str, SourceFolder]) -> list[Landed]:
    """Find the files of these sources under the landing zone, hashed, with what is wrong with them."""
    system, base = file_system(root)
    examined = (_examined(system, f"{base}/{f.container}", f) for f in _found(system, base, sources) if f.source)
    return [f for f in examined if f]


def unclaimed(root: str, sources: dict[str, SourceFolder]) -> list[str]:
    """Paths under the landing zone that no source knows: reported, never touched."""
    system, base = file_system(root)
    return [f.path for f in _found(system, base, sources) if not f.source]


def _found(system: fs.FileSystem, base: str, sources: dict[str, SourceFolder]) -> Iterator[Landed]:
    infos = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    for info in sorted(infos, key=lambda i: i.path):
        if info.type == fs.FileType.File:
            path = info.path.removeprefix(base).lstrip("/")
            for landed in _members(system, info.path, path, info.mtime.date(), sources):
                yield replace(landed, stat=(info.size, info.mtime_ns))


def _members(
    system: fs.FileSystem, full: str, path: str, modified: dt.date, sources: dict[str, SourceFolder]
) -> Iterator[Landed]:
    """The file itself, or an archive's members, each with its owner; an archive that can't be opened is one problem."""
    if not path.lower().endswith(".zip"):
        yield _claimed(path, path, None, modified, sources)
        return
    unread = Landed(_archive_owner(path, sources), path, path, None, (), modified)
    try:
        names, problem = patiently(lambda: _listed(system, full))
        if problem:
            yield replace(_raw(system, full, unread), problem=problem)
            return
    except FileNotFoundError:
        return
    except OSError as error:
        yield replace(unread, fault=said(error))
        return
    for name in names:
        yield _claimed(f"{path}/{name}", path, name, modified, sources)


def _claimed(
    path: str, container: str, member: str | None, modified: dt.date, sources: dict[str, SourceFolder]
) -> Landed:
    for source in sources.values():
        tables = tuple(t for t in source.tables if t.files.owns(path))
        if tables:
            stated = source.card.known_date(path)
            return Landed(source.name, path, container, member, tables, min(stated or modified, modified))
    return Landed("", path, container, member, (), modified)


def _archive_owner(path: str, sources: dict[str, SourceFolder]) -> str:
    """An archive that can't be opened belongs to the source whose folder it lies in; to none elsewhere."""
    top = path.split("/", 1)[0]
    return top if top in sources else ""


def _listed(system: fs.FileSystem, full: str) -> tuple[list[str], str | None]:
    """Names of an archive's members, and what is wrong with it; raises OSError where the store fails."""
    try:
        with system.open_input_file(full) as stream, zipfile.ZipFile(stream) as archive:
            return [m.filename for m in archive.infolist() if not m.is_dir()], _hostile(archive)
    except CORRUPT:
        return [], _not_a_zip(system, full)


def _examined(system: fs.FileSystem, full: str, landed: Landed) -> Landed | None:
    """Hash a file and look at its head; None for one that has gone since it was listed."""
    if landed.problem or landed.fault:
        return landed
    try:
        return patiently(lambda: _hashed(system, full, landed))
    except FileNotFoundError:
        return None
    except OSError as error:
        return replace(landed, fault=said(error))


def _hashed(system: fs.FileSystem, full: str, landed: Landed) -> Landed:
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with opened(system, full, landed.member) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                head = head or chunk[:HEAD_BYTES]
                digest.update(chunk)
                size += len(chunk)
                if size > MAX_EXPANDED_BYTES:
                    return _unreadable(system, full, landed, f"expands to more than {MAX_EXPANDED_BYTES:,} bytes")
    except (OSError, *CORRUPT) as error:
        if isinstance(error, OSError) and not is_of_content(error):
            raise
        return _unreadable(system, full, landed, "truncated or corrupt: it can't be decompressed")
    return replace(landed, sha256=digest.hexdigest(), n_bytes=size, problem=head_problem(head))


def _unreadable(system: fs.FileSystem, full: str, landed: Landed, problem: str) -> Landed:
    """A file without readable content is known by its raw bytes, and by its name inside an archive."""
    raw = _raw(system, full, landed)
    named = hashlib.sha256(f"{raw.sha256}|{landed.member}".encode()).hexdigest()
    return replace(raw, sha256=named if landed.member else raw.sha256, problem=problem)


def _raw(system: fs.FileSystem, full: str, landed: Landed) -> Landed:
    """Hash the bytes as they lie there."""
    with system.open_input_file(full) as stream:
        sha256, n_bytes = hash_of(stream)
    return replace(landed, sha256=sha256, n_bytes=n_bytes)


def hash_of(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 and number of the bytes of a stream."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


@contextmanager
def opened(system: fs.FileSystem, full: str, member: str | None) -> Iterator[BinaryIO]:
    """Open a landed file for reading bytes: gz is decompressed, an archive member is opened in place."""
    with system.open_input_file(full) as stream:
        if member is not None:
            with zipfile.ZipFile(stream) as archive, archive.open(member) as inner:
                yield inner  # type: ignore[misc]
        elif full.lower().endswith(".gz"):
            with gzip.open(stream) as inner:
                yield inner  # type: ignore[misc]
        else:
            yield stream  # type: ignore[misc]


def head_problem(head: bytes) -> str | None:
    """What the first bytes say is wrong: empty, a web page, UTF-16."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not start:
        return "empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML), not data: the download went wrong"
    return encoding_problem(head)


def _hostile(archive: zipfile.ZipFile) -> str | None:
    for member in archive.infolist():
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.filename.startswith(("/", "\\")) or ".." in parts:
            return "holds a path that climbs out of the archive"
        if member.flag_bits & 0x1:
            return "is encrypted"
        if member.file_size > 50_000_000 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            return "expands more than 500 times: refused as a zip bomb"
    return None


def _not_a_zip(system: fs.FileSystem, full: str) -> str:
    with system.open_input_file(full) as stream:
        problem = head_problem(stream.read(HEAD_BYTES))
    return problem or "truncated or not a zip archive"
