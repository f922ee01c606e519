"""How many records a quoted CSV holds: a state machine over its bytes, compiled."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import BinaryIO

import numba
import numpy as np

from pipelines.core import limits
from pipelines.files.counting_lines import chunks, count_lines_of


def count_quoted_lines(stream: BinaryIO, *, header_lines: int = 1, delimiter: str = ",") -> int:
    """Records of a quoted CSV behind the header, byte by byte: what `limits.TEXT_BYTES` says a record is.

    One whose fields hold nothing but blanks is none. Of several delimiters, the header's most frequent is taken.
    """
    pieces = chunks(stream)
    first = next(pieces, b"")
    header = first.strip().partition(b"\n")[0]
    mark = sorted(delimiter, key=lambda d: -header.count(d.encode()))[0]
    return _count_quoted(chain([first], pieces), header_lines, mark)


def count_tabbed_or_quoted(stream: BinaryIO) -> int:
    """Lines behind the header where it holds a tab, else records of a quoted CSV with commas."""
    pieces = chunks(stream)
    first = next(pieces, b"")
    is_tabbed = b"\t" in first.strip().partition(b"\n")[0]
    whole = chain([first], pieces)
    return count_lines_of(whole, 1) if is_tabbed else _count_quoted(whole, 1, ",")


def _count_quoted(pieces: Iterable[bytes], header_lines: int, delimiter: str) -> int:
    state, kept = np.zeros(_CSV_STATES, np.int64), b""
    _csv_begin(state)
    for piece in pieces:
        data = kept + piece
        keep = _csv(np.frombuffer(data, np.uint8), len(kept), state, ord(delimiter), limits.TEXT_BYTES, False)
        kept = data[keep:]
    _csv(np.frombuffer(kept, np.uint8), len(kept), state, ord(delimiter), limits.TEXT_BYTES, True)
    return max(0, int(state[_RECORDS]) - header_lines)


_FIELD, _PLAIN, _QUOTED, _CLOSING, _SKIPPED = range(5)
_RECORDS, _PLACE, _SAID, _SIZE, _CROSSED, _LENGTH, _AGAIN, _IN_UTF, _IN_ANSI, _LEAD, _CSV_STATES = range(11)


@numba.njit(cache=True, nogil=True)
def _csv(data: np.ndarray, at: int, s: np.ndarray, delimiter: int, longest: int, is_end: bool) -> int:
    """Go on at a byte with the state of those before; returns the byte from which they are needed again."""
    while at < data.size or (is_end and s[_PLACE] == _QUOTED):
        if at == data.size:
            at = _csv_fail(at, s)
            continue
        b, at = data[at], at + 1
        if b == 10:
            _csv_line(s)
            if s[_PLACE] != _QUOTED:
                s[_RECORDS] += s[_SAID]
                _csv_begin(s)
                continue
            if not s[_CROSSED]:
                s[_CROSSED], s[_AGAIN] = 1, at
            s[_SIZE] += 1
            if s[_SIZE] > longest:
                at = _csv_fail(at, s)
            continue
        s[_LENGTH] += 1
        if s[_PLACE] == _SKIPPED:
            continue
        if _csv_byte(b, s, delimiter) or (s[_PLACE] == _QUOTED and s[_SIZE] > longest):
            at = _csv_fail(at, s)
        elif s[_LENGTH] > longest and not (s[_PLACE] == _QUOTED and s[_CROSSED]):
            s[_PLACE], s[_SAID] = _SKIPPED, 1
        elif not s[_SAID]:
            _csv_blank(b, s, b == 34 or (b == delimiter and s[_PLACE] != _QUOTED))
    if is_end:
        _csv_line(s)
        s[_RECORDS] += s[_SAID]
        _csv_begin(s)
        return at
    keep = s[_AGAIN] if s[_CROSSED] and (s[_PLACE] == _QUOTED or s[_PLACE] == _CLOSING) else at
    s[_AGAIN] -= keep
    return keep


@numba.njit(cache=True, nogil=True)
def _csv_begin(s: np.ndarray) -> None:
    """A record begins."""
    s[_PLACE], s[_SAID], s[_CROSSED], s[_LENGTH] = _FIELD, 0, 0, 0
    s[_IN_UTF], s[_IN_ANSI], s[_LEAD] = 1, 1, 0


@numba.njit(cache=True, nogil=True)
def _csv_line(s: np.ndarray) -> None:
    """A line ends: it says something unless it is blank in one of two encodings."""
    s[_SAID] |= not (s[_IN_ANSI] or (s[_IN_UTF] and s[_LEAD] == 0))
    s[_IN_UTF], s[_IN_ANSI], s[_LEAD], s[_LENGTH] = 1, 1, 0, 0


@numba.njit(cache=True, nogil=True)
def _csv_fail(at: int, s: np.ndarray) -> int:
    """A quoted field has no end: its line is the last of the record; returns where the next begins."""
    if not s[_CROSSED]:
        s[_PLACE], s[_SAID] = _SKIPPED, 1
        return at
    s[_RECORDS] += 1
    _csv_begin(s)
    return s[_AGAIN]


@numba.njit(cache=True, nogil=True)
def _csv_byte(b: int, s: np.ndarray, delimiter: int) -> bool:
    """A byte that ends no line; tells whether a quote closes a field of several lines where none can."""
    place = s[_PLACE]
    if place == _QUOTED:
        s[_SIZE] += b != 34
        s[_PLACE] = _CLOSING if b == 34 else _QUOTED
    elif place == _CLOSING and b == 34:
        s[_PLACE], s[_SAID] = _QUOTED, 1
        s[_SIZE] += 2
    elif b == delimiter:
        s[_PLACE] = _FIELD
    elif place == _CLOSING:
        s[_PLACE] = _PLAIN
        return s[_CROSSED] and b != 13
    elif place == _FIELD:
        s[_PLACE] = _QUOTED if b == 34 else _PLAIN
        s[_SIZE] = s[_CROSSED] = 0
    elif b == 34:
        s[_SAID] = 1
    return False


@numba.njit(cache=True, nogil=True)
def _csv_blank(b: int, s: np.ndarray, is_mark: bool) -> None:
    """Note whether a line is blank so far, in UTF-8 and in Windows-1252."""
    lead = s[_LEAD]
    if lead == 0:
        if is_mark or 9 <= b <= 13 or 28 <= b <= 32:
            return
        if b == 0xA0:
            s[_IN_UTF] = 0
        else:
            s[_IN_ANSI] = 0
            s[_LEAD] = b
            s[_IN_UTF] &= b == 0xC2 or b == 0xE1 or b == 0xE2 or b == 0xE3 or b == 0xEF
    else:
        two = lead << 8 | b
        begun = two == 0xE19A or two == 0xE280 or two == 0xE281 or two == 0xE380 or two == 0xEFBB
        whole = two == 0xC285 or two == 0xC2A0 or two == 0xE19A80 or 0xE28080 <= two <= 0xE2808B
        whole |= two == 0xE280A8 or two == 0xE280A9 or two == 0xE280AF or two == 0xE2819F or two == 0xE281A0
        whole |= two == 0xE38080 or two == 0xEFBBBF
        s[_LEAD] = two if begun else 0
        s[_IN_UTF] &= begun or whole
    s[_SAID] |= not (s[_IN_UTF] or s[_IN_ANSI])
