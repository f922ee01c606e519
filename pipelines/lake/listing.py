"""What lies in the folders of a table's log and seals; who only looks lists a folder once, however often it is asked.

On a store a listing is a request, and a step that finds its table fresh asked fifteen times.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pyarrow import fs


class _Seen(threading.local):
    """What a thread that only looks has listed; None where it may write."""

    folders: dict[str, list[fs.FileInfo]] | None = None


_seen = _Seen()


def listing(system: fs.FileSystem, folder: str) -> list[fs.FileInfo]:
    """Files of a folder by name; none of one that is not there."""
    if _seen.folders is not None and (known := _seen.folders.get(folder)) is not None:
        return known
    found = system.get_file_info(fs.FileSelector(folder, allow_not_found=True))
    found = sorted((info for info in found if info.is_file), key=lambda info: info.base_name)
    if _seen.folders is not None:
        _seen.folders[folder] = found
    return found


@contextmanager
def only_looking() -> Iterator[None]:
    """In the block this thread writes to no table, and takes each folder as its first look found it."""
    before, _seen.folders = _seen.folders, {}
    try:
        yield
    finally:
        _seen.folders = before


def forget(folder: str) -> None:
    """Something was written to a folder after all: it is listed anew."""
    if _seen.folders is not None:
        _seen.folders.pop(folder, None)
