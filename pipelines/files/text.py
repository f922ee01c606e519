"""Text as bytes come: encodings, lines, limits. No record is known here."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO

from pipelines.core import limits

CHUNK_BYTES = 16 * 1024 * 1024
MARK = b"\xef\xbb\xbf"  # of byte order
WIDTHLESS = "\ufeff\u200b\u2060"  # stand at joints of files and of copied texts
BLANKS = "".join(c for c in map(chr, range(0x3001)) if c.isspace()) + WIDTHLESS  # a line of nothing else is no record
TOO_LONG = f"a line of more than {limits.TEXT_BYTES:,} bytes"


class Refused(Exception):
    """The file as a whole can't be read; the message says why, without quoting its content."""


class Again(io.RawIOBase, BinaryIO):
    """A stream whose first bytes have been looked at and are still to be read."""

    def __init__(self, stream: BinaryIO):
        """Take as many as are looked at."""
        self._stream, self._first = stream, b""
        while (wanted := limits.LOOKED_AT_BYTES - len(self._first)) and (piece := stream.read(wanted)):
            self._first += piece

    @property
    def start(self) -> bytes:
        """The bytes that were looked at."""
        return self._first

    @property
    def ends_lines_by_returns(self) -> bool:
        """Tell a file of more carriage returns alone than line feeds, as old Macs and some exports write them."""
        n = self._first.count
        return n(b"\r") - n(b"\r\n") > n(b"\n")

    def has_tabs(self) -> bool:
        """Tell whether the first line has tabs."""
        return b"\t" in self._line()

    def likeliest(self, delimiters: str) -> str:
        """Of several delimiters, the one that the first line holds most often; of equals the first."""
        return max(delimiters, key=lambda d: self._line().count(d.encode()))

    def _line(self) -> bytes:
        return self._first.strip().split(b"\r" if self.ends_lines_by_returns else b"\n", 1)[0]

    def read(self, n: int = -1) -> bytes:
        """Return the next bytes: first those that were looked at."""
        if not self._first:
            return self._stream.read(n)
        first, self._first = self._first, b""
        return first + self._stream.read() if n < 0 else first


def whole(stream: BinaryIO) -> bytes:
    """All bytes of a stream; raises `Refused` where they are more than may be held."""
    data = b""
    while chunk := stream.read(CHUNK_BYTES):
        data += chunk
        if len(data) > limits.WHOLE_BYTES:
            raise Refused(f"holds more than {limits.WHOLE_BYTES:,} bytes, and must be read at once")
    return data


def expansion(n_expanded: int, n_packed: int, most: int) -> str | None:
    """Say that what is packed expands to more bytes than `most`, or than the ratio allows."""
    if n_expanded > most:
        return f"expands to more than {most:,} bytes"
    if n_expanded > max(limits.EXPANSION_FREE_BYTES, limits.EXPANSION * n_packed):
        return f"expands more than {limits.EXPANSION} times: refused as a zip bomb"
    return None


def encoding_problem(head: bytes) -> str | None:
    """Say that the first bytes are of a file in UTF-16, which no reader takes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
        return "encoded as UTF-16; UTF-8 or Windows-1252 is expected"
    return None


def decode_line(line: bytes) -> str:
    """Decode one line: UTF-8, else Windows-1252, else Latin-1 (which takes every byte)."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")


def decode(data: bytes) -> str:
    """Decode a run of whole lines; lines that are not UTF-8 are decoded one by one."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(decode_line(line) for line in data.split(b"\n"))


class LongLine(bytes):
    """The first bytes of a line that is longer than a line may be."""


def numbered_lines(stream: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Yield (number of the first line, lines without their line feeds) in chunks of whole lines.

    A line that is longer than `limits.TEXT_BYTES` is a `LongLine`, alone in its chunk. A mark of byte order at the
    start of the file belongs to no line.
    """
    rest, number = b"", 1
    for chunk in _chunks(stream):
        first, *others = chunk.split(b"\n")
        rest += first
        if others:
            for lines in _apart([rest, *others[:-1]]):
                yield number, lines
                number += len(lines)
            rest = others[-1]
        rest = rest[: limits.TEXT_BYTES + 2]
    if rest:
        yield from ((number, lines) for lines in _apart([rest]))


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Pieces of a text whose lines end in line feeds, without its mark of byte order."""
    again = Again(stream)
    by_returns, first = again.ends_lines_by_returns, again.read(CHUNK_BYTES)
    for chunk in chain([first.removeprefix(MARK)], iter(lambda: again.read(CHUNK_BYTES), b"")):
        yield chunk.replace(b"\r", b"\n") if by_returns else chunk


def _apart(lines: list[bytes]) -> Iterator[list[bytes]]:
    """Runs of lines, each that is too long alone."""
    if max(map(len, lines)) <= limits.TEXT_BYTES:
        yield lines
        return
    at = 0
    for i in [i for i, line in enumerate(lines) if len(line) > limits.TEXT_BYTES]:
        yield from filter(None, (lines[at:i], [LongLine(lines[i][: limits.TEXT_BYTES + 2])]))
        at = i + 1
    yield from filter(None, (lines[at:],))
