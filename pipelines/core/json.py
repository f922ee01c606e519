"""Records of JSON cut out of a stream of any size: the objects of a `results` array, of an array, or line by line.

Each record is cut by its braces and parsed alone, so that memory is that of one record and a broken one is put aside
without its neighbours.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

CHUNK_BYTES = 1 << 22
HEAD_BYTES = 1 << 16
MAX_RECORD_BYTES = 32 << 20
RESULTS = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*\{.*?"results"\s*:\s*\[', re.DOTALL)
BRACE = re.compile(rb'(?:[^{}"]++|"(?:[^"\\]++|\\.)*+")*+[{}]', re.DOTALL)
BETWEEN = b" \t\r\n,[]\xef\xbb\xbf"


def records(stream: BinaryIO) -> Iterator[tuple[bytes, str]]:
    """Cut a stream into (bytes, problem); text between records that is none of `,[]` is a record with a problem.

    In a file with a `results` array what stands before and behind the array is left.
    """
    head = stream.read(HEAD_BYTES)
    found = RESULTS.match(head)
    buffer, is_array = (head[found.end() :], True) if found else (head, False)
    at, depth, start, is_end = 0, 0, 0, False
    while True:
        brace = BRACE.match(buffer, at)
        if brace is None:
            if is_end:
                break
            if len(buffer) - start > MAX_RECORD_BYTES:
                yield buffer[start : start + 200], f"a record of more than {MAX_RECORD_BYTES:,} bytes"
                return
            chunk = stream.read(CHUNK_BYTES)
            is_end = not chunk
            buffer, at, start = buffer[start:] + chunk, at - start, 0
            continue
        opens = buffer[brace.end() - 1] == 123  # {
        if depth == 0:
            gap = buffer[start : brace.end() - 1]
            if is_array and b"]" in gap:
                return
            if gap.strip(BETWEEN):
                yield gap.strip(BETWEEN)[:200], "text between records"
            start = brace.end() - 1
            if not opens:
                if is_array:
                    return
                yield b"}", "a brace that closes nothing"
                start = brace.end()
                at = brace.end()
                continue
        depth += 1 if opens else -1
        at = brace.end()
        if depth == 0:
            yield buffer[start:at], ""
            start = at
    rest = buffer[start:]
    if depth:
        yield rest[:200], "the record has no end"
    elif not (is_array and b"]" in rest) and rest.strip(BETWEEN):
        yield rest.strip(BETWEEN)[:200], "text between records"


def parsed(data: bytes) -> dict[str, Any]:
    """Parse one record. Raises `ValueError` with a reason that quotes nothing of it."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_constant)  # type: ignore[no-any-return]
    except UnicodeDecodeError:
        raise ValueError("is not encoded as UTF-8") from None
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
