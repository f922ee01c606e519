"""Where files lie: a folder or an object store. One that fails for a moment is asked again: no fault of its files."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, TypeVar

from pyarrow import fs

from pipelines.core.addresses import is_store
from pipelines.files import object_store

T = TypeVar("T")
BROKEN_BZ2 = "Invalid data stream"  # bz2 has no class of error of its own
CHUNK_BYTES = 1 << 20
ONE_BY_ONE = 4  # files that are asked for by name where a listing would tell of all
PAUSES = (0.1, 0.5, 2.0)  # seconds before each further attempt


class StorageError(Exception):
    """The store could not be read or written; nothing is said about the files on it."""


def is_of_storage(error: BaseException) -> bool:
    """Tell whether the store failed, rather than a file or its reader."""
    return isinstance(error, OSError) and not isinstance(error, FileNotFoundError) and not is_of_content(error)


def is_of_content(error: BaseException) -> bool:
    """Tell whether an error of the system was raised by a library about the bytes that it was to decompress."""
    return isinstance(error, gzip.BadGzipFile) or str(error) == BROKEN_BZ2


def patiently(work: Callable[[], T]) -> T:
    """Do some work, again after a pause where the store fails; raises what the last attempt raised."""
    for pause in PAUSES:
        try:
            return work()
        except OSError as error:
            if not is_of_storage(error):
                raise
            time.sleep(pause)
    return work()


def said(error: OSError) -> str:
    """Name a failure of the store: what the system calls it, else what the store's own library says."""
    words = os.strerror(error.errno) if error.errno else (str(error).splitlines() or ["no reason given"])[0][:120]
    return f"{type(error).__name__}: {words}"


def file_system(root: str) -> tuple[fs.FileSystem, str]:
    """Open the file system and the base path of a local folder or an object-store address."""
    if is_store(root):
        return object_store.file_system(), object_store.path_of(root)
    return fs.LocalFileSystem(), str(PurePosixPath(root))


def place(text: str) -> str:
    """A place as a command is told it: an object-store address as it is, a folder from the root on."""
    return text if is_store(text) else str(Path(text).absolute())


def is_local(system: fs.FileSystem) -> bool:
    """Tell whether files lie in folders of this machine; a store has no folders, and puts an object whole."""
    return isinstance(system, fs.LocalFileSystem)


def make_room(system: fs.FileSystem, path: str) -> None:
    """Make the folder that a file is to lie in, where there are folders."""
    if is_local(system):
        system.create_dir(path.rsplit("/", 1)[0], recursive=True)


def put_whole(system: fs.FileSystem, path: str, content: bytes) -> None:
    """Write a small file whole or not at all, in place of what stands there."""
    make_room(system, path)
    part = f"{path}.{uuid.uuid4().hex}.part" if is_local(system) else path  # another process may write it too
    with system.open_output_stream(part) as out:
        out.write(content)
    if part != path:
        system.move(part, path)


@contextmanager
def written_to(root: str) -> Iterator[Path]:
    """Give a folder for files that are to lie at a place: itself, or for a store one whose files are put there."""
    if not is_store(root):
        yield Path(root)
        return
    system, base = file_system(root)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "files"
        folder.mkdir()
        yield folder
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            with path.open("rb") as given, system.open_output_stream(f"{base}/{path.relative_to(folder)}") as out:
                shutil.copyfileobj(given, out, CHUNK_BYTES)


@contextmanager
def at_hand(root: str) -> Iterator[Path]:
    """Give the folder of a place, or on a store one with copies of the files that lie there."""
    if not is_store(root):
        yield Path(root)
        return
    system, base = file_system(root)
    with tempfile.TemporaryDirectory() as folder:
        for info in system.get_file_info(fs.FileSelector(base, recursive=True, allow_not_found=True)):
            if info.is_file:
                path = Path(folder) / info.path.removeprefix(f"{base}/")
                path.parent.mkdir(parents=True, exist_ok=True)
                with system.open_input_stream(info.path) as given, path.open("wb") as out:
                    shutil.copyfileobj(given, out, CHUNK_BYTES)
        yield Path(folder)


def sizes(system: fs.FileSystem, folder: str, names: Collection[str]) -> dict[str, int]:
    """Bytes of those files of a folder, by path in it, that are there; of many on a store by one look at all."""
    if is_local(system) or len(names) <= ONE_BY_ONE:
        infos = system.get_file_info([f"{folder}/{name}" for name in names]) if names else []
    else:
        infos = system.get_file_info(fs.FileSelector(folder, recursive=True, allow_not_found=True))
    found = {info.path.removeprefix(f"{folder}/"): info.size for info in infos if info.is_file}
    return {name: found[name] for name in names if name in found}


def hash_of(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 and number of the bytes of a stream."""
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
