"""How many lines of a text hold something, and a text piece by piece as counters take it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from pipelines.core import limits

BLANK_LINE = re.compile(  # of Unicode's blanks and marks without width in UTF-8, or of Windows-1252's
    rb"(?:[\t-\r\x1c-\x20]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8b\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)*+|[\t-\r\x1c-\x20\xa0]*+"
)


def count_lines(stream: BinaryIO, *, header_lines: int) -> int:
    """Physical lines that hold more than blanks, or more bytes than a line may have, behind the header."""
    return count_lines_of(chunks(stream), header_lines)


def count_lines_of(pieces: Iterable[bytes], header_lines: int) -> int:
    """The same of a text that comes piece by piece."""
    n, rest = 0, b""
    for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        n += sum(_says_something(line) for line in lines)
        if len(rest) > limits.TEXT_BYTES:
            rest = b"x" * (limits.TEXT_BYTES + 1)
    return max(0, n + _says_something(rest) - header_lines)


def _says_something(line: bytes) -> bool:
    said = line.strip()
    plain = bool(said) and 0x20 < said[0] < 0x80
    return plain or len(line) > limits.TEXT_BYTES or (bool(said) and not BLANK_LINE.fullmatch(said))


def chunks(stream: BinaryIO) -> Iterator[bytes]:
    """A text piece by piece; a carriage return ends its lines where more stand alone than line feeds do."""
    start = stream.read(limits.LOOKED_AT_BYTES)
    while len(start) < limits.LOOKED_AT_BYTES and (more := stream.read(limits.LOOKED_AT_BYTES - len(start))):
        start += more
    end = b"\r" if len(re.findall(rb"\r(?!\n)", start)) > start.count(b"\n") else b"\n"
    piece = start[3:] if start[:3] == b"\xef\xbb\xbf" else start
    while start:
        yield piece.replace(end, b"\n")
        start = piece = stream.read(limits.COUNTED_BYTES)
