"""The landing zone: which files lie there, whose they are, what is wrong with them before any row is read.

Nothing in it is ever changed. Archives are read in place, member by member; nothing is unpacked to disk.
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from pyarrow import fs

from pipelines.core import limits
from pipelines.files.store import file_system, hash_of, is_of_content, patiently, said
from pipelines.files.text import Refused, encoding_problem, expansion
from pipelines.intake.remembered import NOTHING, Memory, Seen, Stamp, stamp_of

if TYPE_CHECKING:
    from pipelines.core.catalog import SourceFolder
    from pipelines.core.table import BronzeTable

HEAD_BYTES = 4096
NOT_READ = re.compile(r"\.(zip|tar|tar\.gz|tgz|7z|rar|bz2|xz|zst|lz4|lzma|cab|arj|z)$", re.IGNORECASE)
PACKED = re.compile(
    rb"PK\x03\x04|PK\x05\x06|\x1f\x8b|7z\xbc\xaf|Rar!|BZh[1-9]|\xfd7zXZ|\x28\xb5\x2f\xfd|(?s:.{257})ustar"
)
NESTED = "an archive inside of another, or of a kind that is not read: unpack it, or pack it as zip or gz"
CHUNK_BYTES = 1 << 20
# What libraries raise about the content of an archive; other errors of the system are the store's.
CORRUPT = (
    *(zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError),
    *(RuntimeError, NotImplementedError, ValueError, struct.error),
)
MARKER = "truth/simulated.json"  # what the simulator leaves, see `intake/simulated.py`


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


def scan(root: str, sources: Mapping[str, SourceFolder]) -> list[Landed]:
    """Find the files of these sources under the landing zone, hashed, with what is wrong with them."""
    return survey(root, sources, sources).claimed


def unclaimed(root: str, sources: Mapping[str, SourceFolder]) -> list[str]:
    """Paths under the landing zone that no source knows: reported, never touched."""
    return survey(root, sources, ()).unclaimed


@dataclass(frozen=True)
class Survey:
    """What one look at the landing zone found: files of the sources asked for, paths that no source knows."""

    claimed: list[Landed]
    unclaimed: list[str]
    memory: Memory  # what the next look need not read again


def survey(root: str, sources: Mapping[str, SourceFolder], wanted: Container[str], memory: Memory = NOTHING) -> Survey:
    """Look at every file under the landing zone once; those of the sources that are wanted are hashed.

    A file that `memory` knows, and that was not written since, is not read again.
    """
    look = memory.look()
    system, files = _files(root)
    claimed: list[Landed] = []
    nobodys: list[str] = []
    for path, info in files:
        seen = look.at(path, stamp_of(system, info))
        for found in _members(system, info.path, path, info.mtime.date(), sources, seen):
            landed = replace(found, stat=(info.size, info.mtime_ns))
            if not landed.source and path != MARKER:
                nobodys.append(landed.path)
            elif landed.source in wanted and (examined := _examined(system, info.path, landed, seen)):
                claimed.append(examined)
    return Survey(claimed, nobodys, look.memory())


def stamps(root: str) -> dict[str, Stamp]:
    """Sizes and times of the files under the landing zone, by path."""
    system, files = _files(root)
    return {path: stamp_of(system, info) for path, info in files}


def _files(root: str) -> tuple[fs.FileSystem, list[tuple[str, fs.FileInfo]]]:
    """Files under the landing zone, each with its path in it, in the order of these."""
    system, base = file_system(root)
    infos = system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True))
    found = sorted((i for i in infos if i.type == fs.FileType.File), key=lambda i: i.path)
    return system, [(i.path.removeprefix(base).lstrip("/"), i) for i in found]


def _members(
    system: fs.FileSystem,
    full: str,
    path: str,
    modified: dt.date,
    sources: Mapping[str, SourceFolder],
    seen: Seen,
) -> Iterator[Landed]:
    """The file itself, or an archive's members, each with its owner; an archive that can't be opened is one problem."""
    if not path.lower().endswith(".zip"):
        claimed = _claimed(path, path, None, modified, sources)
        yield _not_read(claimed, NESTED, sources) if NOT_READ.search(path) else claimed
        return
    unread = Landed(_archive_owner(path, sources), path, path, None, (), modified)
    try:
        names, problem = seen.names(lambda: patiently(lambda: _listed(system, full)))
    except FileNotFoundError:
        return
    except OSError as error:
        yield replace(unread, fault=said(error))
        return
    if problem:
        yield replace(unread, problem=problem)
        return
    for name, n in Counter(names).items():
        claimed = _claimed(f"{path}/{name}", path, name, modified, sources)
        problem = "stands twice in its archive: which of them is meant?" if n > 1 else None
        problem = NESTED if NOT_READ.search(name) else problem
        yield _not_read(claimed, problem, sources) if problem else claimed


def _not_read(claimed: Landed, problem: str, sources: Mapping[str, SourceFolder]) -> Landed:
    """A file that is not opened, of the source that knows it or in whose folder it lies; of none elsewhere."""
    owner = claimed.source or _archive_owner(claimed.path, sources)
    return replace(claimed, source=owner, problem=problem, tables=()) if owner else claimed


def _claimed(
    path: str, container: str, member: str | None, modified: dt.date, sources: Mapping[str, SourceFolder]
) -> Landed:
    for source in sources.values():
        tables = tuple(t for t in source.tables if t.files.owns(path))
        if tables:
            stated = source.card.known_date(path)
            return Landed(source.name, path, container, member, tables, min(stated or modified, modified))
    return Landed("", path, container, member, (), modified)


def _archive_owner(path: str, sources: Mapping[str, SourceFolder]) -> str:
    """An archive that can't be opened belongs to the source whose folder it lies in; to none elsewhere."""
    top = path.split("/", 1)[0]
    return top if top in sources else ""


def _listed(system: fs.FileSystem, full: str) -> tuple[list[str], str | None]:
    """Names of an archive's members, and what is wrong with it; raises OSError where the store fails."""
    try:
        with system.open_input_file(full) as stream, zipfile.ZipFile(stream) as archive:
            return [m.filename for m in archive.infolist() if not m.is_dir()], _hostile(archive, stream.size())
    except CORRUPT:
        return [], _not_a_zip(system, full)


def _examined(system: fs.FileSystem, full: str, landed: Landed, seen: Seen) -> Landed | None:
    """Hash a file and look at its head; None for one that has gone since it was listed."""
    if landed.fault:
        return landed
    try:
        printed = seen.print_of(landed.member, lambda: _printed(patiently(lambda: _read(system, full, landed))))
    except FileNotFoundError:
        return None
    except OSError as error:
        return replace(landed, problem=None, fault=said(error))
    sha256, n_bytes, problem = printed
    return replace(landed, sha256=sha256, n_bytes=n_bytes, problem=problem)


def _printed(landed: Landed) -> tuple[str, int, str | None]:
    return landed.sha256, landed.n_bytes, landed.problem


def _read(system: fs.FileSystem, full: str, landed: Landed) -> Landed:
    """Read a file for its hash: the content, or the raw bytes of one that is refused for its name already."""
    if landed.problem:
        return _unreadable(system, full, landed, landed.problem)
    return _hashed(system, full, landed)


def _hashed(system: fs.FileSystem, full: str, landed: Landed) -> Landed:
    digest, size, head = hashlib.sha256(), 0, b""
    try:
        with opened(system, full, landed.member) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                head = head or chunk[:HEAD_BYTES]
                digest.update(chunk)
                size += len(chunk)
                if size > limits.EXPANDED_BYTES:
                    return _unreadable(system, full, landed, f"holds more than {limits.EXPANDED_BYTES:,} bytes")
    except Refused as refused:
        return _unreadable(system, full, landed, str(refused))
    except (OSError, *CORRUPT) as error:
        if isinstance(error, OSError) and not is_of_content(error):
            raise
        return _unreadable(system, full, landed, "truncated or corrupt: it can't be decompressed")
    return replace(
        landed, sha256=digest.hexdigest(), n_bytes=size, problem=head_problem(head) or _nested(head, landed.path)
    )


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


@contextmanager
def opened(system: fs.FileSystem, full: str, member: str | None) -> Iterator[BinaryIO]:
    """Open a landed file for reading bytes: an archive member is opened in place, gz is decompressed.

    Reading raises `Refused` where more comes out of a gz than its size allows.
    """
    with ExitStack() as stack:
        stream = stack.enter_context(system.open_input_file(full))
        size = stream.size()
        if member is not None:
            archive = stack.enter_context(zipfile.ZipFile(stream))
            size = archive.getinfo(member).file_size
            stream = stack.enter_context(archive.open(member))
        if (member or full).lower().endswith(".gz"):
            stream = _Expanding(stack.enter_context(gzip.GzipFile(fileobj=stream)), size)
        yield stream  # type: ignore[misc]


class _Expanding(io.RawIOBase):
    """A stream that is decompressed as it is read, no further than the limits allow."""

    def __init__(self, stream: gzip.GzipFile, n_packed: int):
        self._stream, self._n_packed, self._n = stream, n_packed, 0

    def readable(self) -> bool:
        return True

    def read(self, n: int = -1) -> bytes:
        pieces, left = [], n
        while piece := self._stream.read(CHUNK_BYTES if n < 0 else min(left, CHUNK_BYTES)):
            self._n += len(piece)
            if problem := expansion(self._n, self._n_packed, limits.EXPANDED_BYTES):
                raise Refused(problem)
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)


def head_problem(head: bytes) -> str | None:
    """What the first bytes say is wrong: empty, a web page, UTF-16."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if not start:
        return "empty"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML), not data: the download went wrong"
    return encoding_problem(head)


def _nested(head: bytes, path: str) -> str | None:
    """Say that what is no workbook is packed, whatever its name says."""
    is_workbook = re.search(r"\.xlsx(\.gz)?$", path, re.IGNORECASE)
    return NESTED if PACKED.match(head) and not is_workbook else None


def _hostile(archive: zipfile.ZipFile, size: int) -> str | None:
    members = archive.infolist()
    if len(members) > limits.MEMBERS:
        return f"holds more than {limits.MEMBERS:,} files"
    if sum(m.compress_size for m in members) > size:
        return "holds files that overlap: refused as a zip bomb"
    if problem := expansion(sum(m.file_size for m in members), size, limits.EXPANDED_BYTES):
        return problem
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.filename.startswith(("/", "\\")) or ".." in parts:
            return "holds a path that climbs out of the archive"
        if member.flag_bits & 0x1:
            return "is encrypted"
        if problem := expansion(member.file_size, member.compress_size, limits.EXPANDED_BYTES):
            return problem
    return None


def _not_a_zip(system: fs.FileSystem, full: str) -> str:
    with system.open_input_file(full) as stream:
        problem = head_problem(stream.read(HEAD_BYTES))
    return problem or "truncated or not a zip archive"
