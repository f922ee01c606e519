"""Parts of one big file, cut where its records start, so that several tasks read it at once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from pipelines.core import limits
from pipelines.files.xml import COMMENT, Root, holds, next_start

if TYPE_CHECKING:
    from pyarrow import fs

PART_BYTES = 32 << 20


@dataclass(frozen=True)
class Part:
    """Bytes of a file from `start` until `stop`, which are read behind its first `head` bytes and before `tail`."""

    head: int = 0
    start: int = 0
    stop: int = -1
    tail: bytes = b""  # closes what the head opens, in every part but the last


WHOLE = Part()


def parts(system: fs.FileSystem, path: str, element: str, part_bytes: int = PART_BYTES) -> list[Part]:
    """Cut a file of messages into parts of about so many bytes; one whole part where it is small or holds none.

    A file of several documents is one part as well: each part is read behind the head of the first document.
    """
    size = system.get_file_info(path).size or 0
    if size < 2 * part_bytes:
        return [WHOLE]
    with system.open_input_file(path) as stream:
        head = next_start(stream, element, 0)
        if head is None or holds(stream, b"<?xml", 5) or head > limits.HEAD_BYTES:
            return [WHOLE]
        cuts: list[int | None] = [head]
        while cuts[-1] is not None and cuts[-1] + part_bytes < size:
            cuts.append(next_start(stream, element, cuts[-1] + part_bytes))
    found = [c for c in cuts if c is not None]
    if len(found) < 2:
        return [WHOLE]
    with system.open_input_file(path) as stream:
        root = Root(COMMENT.sub(b"", stream.read(head))).name
    tail = b"</%s>" % root if root else b""
    stops = [(stop, tail) for stop in found[1:]] + [(size, b"")]
    return [Part(head, start, stop, tail) for start, (stop, tail) in zip(found, stops, strict=True)]


@contextmanager
def opened_part(system: fs.FileSystem, path: str, part: Part) -> Iterator[BinaryIO]:
    """Open a part for reading: the file's head, then the part's own bytes, then the end tag of the root."""
    with system.open_input_file(path) as stream:
        head = stream.read(part.head)
        stream.seek(part.start)
        yield io.BufferedReader(_Bounded(stream, head, part.stop - part.start, part.tail))  # type: ignore[type-var]


class _Bounded(io.RawIOBase):
    """The head, then so many bytes of a stream, then the tail."""

    def __init__(self, stream: BinaryIO, head: bytes, left: int, tail: bytes):
        self._stream, self._head, self._left, self._tail = stream, head, left, tail

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._stream.read(min(len(buffer), self._left))
            self._left -= len(data)
            if not data and self._tail:
                data, self._tail = self._tail[: len(buffer)], self._tail[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)
