"""Records of JSON cut out of a stream of any size: objects of `results` arrays, of arrays, or line by line.

A file may hold any number of answers one behind another, as people append the pages of a search. Each record is cut by
its braces and parsed alone, so that memory is that of one record and a broken one is quarantined without its
neighbours. How many records a file holds is counted apart from this, in `counting.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO

from pipelines.core import limits
from pipelines.files.text import Refused

CHUNK_BYTES = 1 << 22
TOLD_BYTES = 200
STRING = rb'"(?:[^"\\]++|\\.)*+"'
RESULTS = rb'"results"[ \t\r\n]*+:[ \t\r\n]*+\['
BLANK = rb"[ \t\r\n,\xef\xbb\xbf]"
BRACE = re.compile(rb'(?:[^{}"]++|' + STRING + rb")*+([{}])", re.DOTALL)
MEMBER = re.compile(rb'(?:[^{}"]++|(?!' + RESULTS + rb")" + STRING + rb")*+(?:([{}])|" + RESULTS + rb")", re.DOTALL)
BETWEEN = re.compile(BLANK + rb"*+(?:([{}\[\]])|[^{}\[\]\" \t\r\n,\xef\xbb\xbf]++|" + STRING + rb")", re.DOTALL)
NEST = re.compile(rb'(?:[^{}\[\]"]++|' + STRING + rb")*+(?:([{\[])|[}\]])", re.DOTALL)
VALUE = re.compile(rb'([ \t\r\n]*+)((?:[^{}\[\]",]++|' + STRING + rb")*+)([{}\[\],])", re.DOTALL)
TAIL = re.compile(
    BLANK + rb"*+(?:([{}])|(" + STRING + rb")[ \t\r\n]*+(?:(:)|(?=[^ \t\r\n:]))|[\[\]:]|"
    rb'[^{}\[\]" \t\r\n,:\xef\xbb\xbf]++)',
    re.DOTALL,
)
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
Record = tuple[bytes, str]
STRAY = "text between records"
NO_END = "the list of records has no end"
LEFT_OPEN = "the record has no end"
TO_THE_END = f"{LEFT_OPEN}, and what follows can't be told from what stands in it"
BLANKS = b" \t\r\n"


def records(stream: BinaryIO) -> Iterator[Record]:
    """Cut a stream into (bytes, problem): every object that stands alone, in an array or in a `results` array.

    An object with a `results` array is an answer: its records are the objects of that array, of each where it has
    several; its other members are left. An object behind the array that is no member's value is a record as well. What
    is no record has a problem and its first bytes: text between records, a bracket that closes nothing, a record, list
    or answer that the file ends in, a record that is too long.

    A record with a brace left open ends where a line begins with one that could stand nowhere in a record: behind
    another thing than a colon, comma or bracket. So in a file of a record a line, the others are read. In a list,
    whose records stand behind commas as their own parts do, nothing tells where the next one begins: all that follows
    is quarantined with it.

    Raises `Refused` where no brace stands in so many bytes as a record may have.
    """
    yield from _Cutter(stream).listed(is_answer=False)


class _Cutter:
    """The bytes of a stream from where they are still needed, and the place to look on from."""

    def __init__(self, stream: BinaryIO):
        self._stream, self._data, self._at, self._start = stream, b"", 0, -1
        self._cut = b""  # first bytes of a record that is too long to be kept
        self._is_end = self._is_told = False

    def listed(self, *, is_answer: bool) -> Generator[Record, None, bool]:
        """Records of a list, or of the whole stream; returns whether the brace of its answer was met inside."""
        depth, stray = int(is_answer), b""
        while token := self._next(BETWEEN):
            mark = token[1]
            if mark == b"{" or (is_answer and (mark == b"}" or (mark == b"]" and depth == 1))):
                if stray or mark == b"}":
                    yield stray, NO_END if mark == b"}" else STRAY
                    stray = b""
                if mark != b"{":
                    return mark == b"}"
                yield from self._object(may_be_answer=not is_answer)
            elif mark == b"[":
                depth += 1
            elif mark == b"]" and depth:
                depth -= 1
            else:
                stray = (stray + token[0].strip(b" \t\r\n,"))[:TOLD_BYTES]
        stray += self._rest()
        if not self._is_told and (stray or depth):
            yield stray[:TOLD_BYTES], NO_END if depth else STRAY
        self._is_told = True
        return False

    def _object(self, *, may_be_answer: bool) -> Generator[Record, None, None]:
        """A record, or the records of an answer, whose opening brace has been passed."""
        self._start, self._cut = self._at - 1, b""
        depth, before = 1, b"{"
        while depth:
            token = self._next(MEMBER if may_be_answer and depth == 1 else BRACE)
            if token is None:
                if not self._is_told:
                    yield self._kept()[:TOLD_BYTES], TO_THE_END
                self._is_told = True
                return
            if token[1] is None:
                self._start, self._cut = -1, b""
                yield from self._answer()
                return
            if token[1] == b"{" and _is_misplaced(before, token[0][:-1]):
                yield self._cut or self._data[self._start : self._at - 1][:TOLD_BYTES], LEFT_OPEN
                self._start, self._cut, depth = self._at - 1, b"", 0
            depth, before = depth + (1 if token[1] == b"{" else -1), token[1]
        if self._cut:
            yield self._cut, f"a record of more than {limits.RECORD_BYTES:,} bytes"
        else:
            yield self._kept(), ""
        self._start, self._cut = -1, b""

    def _answer(self) -> Generator[Record, None, None]:
        """The records of an answer whose `results` array has been entered, and what stands behind it."""
        if (yield from self.listed(is_answer=True)):
            return
        stray, key, is_value = b"", b"", True  # the array was a value
        while token := self._next(VALUE if is_value else TAIL):
            if is_value:
                is_fresh, mark = bool(key) and not token[2], token[3]
                key, name = b"", key
                if is_fresh and mark == b"[" and name == b'"results"':
                    if stray:
                        yield stray, STRAY
                    stray = b""
                    if (yield from self.listed(is_answer=True)):
                        return
                    continue
                if is_fresh and mark in b"{[":
                    if not self._is_passed():
                        break
                    continue
                is_value = False
            else:
                mark, key, is_value = token[1], token[2], token[3] is not None
            if mark in (b"{", b"}"):
                if stray:
                    yield stray, STRAY
                stray = b""
                if mark == b"}":
                    return
                yield from self._object(may_be_answer=False)
            elif not (is_value or mark == b","):
                stray = (stray + token[0].strip(b" \t\r\n,"))[:TOLD_BYTES]
        if not self._is_told:
            yield b"", "the answer has no end"
        self._is_told = True

    def _is_passed(self) -> bool:
        """Pass over a value whose opening bracket has been passed; False where it has no end."""
        depth = 1
        while depth and (token := self._next(NEST)):
            depth += 1 if token[1] else -1
        return not depth

    def _next(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Match on from here, reading what is needed; None at the end of the stream."""
        if self._is_told:
            return None
        while (found := pattern.match(self._data, self._at)) is None:
            if self._is_end:
                return None
            if len(self._data) - self._at > limits.RECORD_BYTES:
                raise Refused(f"no record of JSON ends or begins in {limits.RECORD_BYTES:,} bytes")
            if self._start >= 0 and self._at - self._start > limits.RECORD_BYTES:
                self._cut, self._start = self._data[self._start : self._start + TOLD_BYTES], -1
            needed = self._start if self._start >= 0 else self._at
            chunk = self._stream.read(CHUNK_BYTES)
            self._data, self._is_end = self._data[needed:] + chunk, not chunk
            self._at, self._start = self._at - needed, min(self._start, 0)
        self._at = found.end()
        return found

    def _kept(self) -> bytes:
        return self._cut or self._data[self._start : self._at]

    def _rest(self) -> bytes:
        """What no pattern has taken at the end of the stream: blanks, or a text without its closing quote."""
        return self._data[self._at :].strip(b" \t\r\n,\xef\xbb\xbf")[:TOLD_BYTES]


def _is_misplaced(brace: bytes, text: bytes) -> bool:
    """Tell whether an opening brace, behind another one and a text, begins a line where no value could stand."""
    said = text.rstrip(BLANKS)
    return b"\n" in text[len(said) :] and (brace + said)[-1:] not in b":,["


def parsed(data: bytes) -> dict[str, Any]:
    """Parse one record. Raises `ValueError` with a reason that quotes nothing of it."""
    try:
        found = json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_constant)
        if SURROGATE.search(data):
            json.dumps(found, ensure_ascii=False).encode()
        return found  # type: ignore[no-any-return]
    except UnicodeDecodeError:
        raise ValueError("is not encoded as UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("holds half of a character (a lone surrogate)") from None
    except RecursionError:
        raise ValueError("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON: {error.msg.lower()} at character {error.pos}") from None
    except ValueError as error:
        text = str(error)
        raise ValueError("holds a number of too many digits" if "integer string conversion" in text else text) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("holds a key twice")
    return found


def _constant(name: str) -> None:
    raise ValueError(f"holds {name}, which is no number")


def texts(value: Any) -> Any:
    """The same value with every number, truth and null as openFDA writes them: as text, nulls left out."""
    if isinstance(value, dict):
        return {k: texts(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [texts(v) for v in value if v is not None]
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def listed(value: Any) -> list[Any]:
    """A list, whether one or many were sent: openFDA writes a single item without its list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
