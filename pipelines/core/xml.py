"""Messages in XML: cut out of a stream of any size, each parsed apart from the others, nothing resolved or fetched.

A batch file holds many messages one after another. Each is cut by its tags and parsed alone, so that memory is that of
one message and a broken one is put aside without its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from pipelines.core.reading import Refused

if TYPE_CHECKING:
    from lxml import etree

HL7 = "{urn:hl7-org:v3}"
CHUNK_BYTES = 1 << 22
MAX_MESSAGE_BYTES = 64 << 20
MAX_HEAD_BYTES = 1 << 20
MARGIN = 256  # longest tag that is looked at: prefix, name, blanks
OPENING = re.compile(rb"<(/?)(?:[A-Za-z_][\w.-]{0,63}:)?\Z")
DECLARED = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
ENTITIES = re.compile(rb"<!\s*ENTITY|<!\s*DOCTYPE[^>]*\[", re.IGNORECASE)
NAMESPACE = re.compile(rb"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
ENCODING = re.compile(rb"""\A\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
FORBIDDEN = bytes(c for c in range(0x20) if c not in b"\t\n\r")


@dataclass(frozen=True)
class Message:
    """One message as it stands in the file: its number and line, from 1, and its bytes, or why it has none."""

    number: int
    line: int
    data: bytes
    problem: str = ""


class Messages:
    """The messages of a stream, each an `element`; `head` is what stands before the first one."""

    def __init__(self, stream: BinaryIO, element: str, *, may_name_dtd: bool = False):
        """Hold the stream; nothing is read yet. `may_name_dtd` accepts the name of a DTD, which is never fetched."""
        self._stream, self._name = stream, element.encode()
        self._forbidden = ENTITIES if may_name_dtd else DECLARED
        self.head = b""

    def __iter__(self) -> Iterator[Message]:
        """Cut the stream; every start tag is one message, kept or not.

        Raises `Refused` for a document type or entities before the first message, and where there is none.
        """
        buffer, at, start, number = b"", 0, -1, 0
        line, counted = 1, 0
        is_first, is_end = True, False
        while not is_end:
            chunk = self._stream.read(CHUNK_BYTES)
            buffer, is_end = buffer + chunk, not chunk
            while (tag := self._tag(buffer, at, is_end)) is not None:
                left, right, is_closing = tag
                at = right
                if is_closing and start >= 0:
                    yield Message(number, line, buffer[start:right])
                    start = -1
                elif not is_closing:
                    if is_first:
                        self.head, is_first = self._checked(buffer[:left]), False
                    if start >= 0:
                        yield Message(number, line, buffer[start : start + MARGIN], "the message has no end")
                    number += 1
                    line, counted = line + buffer.count(b"\n", counted, left), left
                    start = left
            if is_first and len(buffer) > MAX_HEAD_BYTES:
                raise Refused(f"no {self._name.decode()} in the first {MAX_HEAD_BYTES:,} bytes")
            if start >= 0 and len(buffer) - start > MAX_MESSAGE_BYTES:
                reason = f"the message is longer than {MAX_MESSAGE_BYTES:,} bytes"
                yield Message(number, line, buffer[start : start + MARGIN], reason)
                start = -1
            if not is_first:
                kept = start if start >= 0 else max(at, len(buffer) - 2 * MARGIN)
                line, counted = line + buffer.count(b"\n", counted, max(kept, counted)), max(kept, counted)
                buffer, at, counted = buffer[kept:], max(at - kept, 0), counted - kept
                start = 0 if start >= 0 else -1
        if start >= 0:
            yield Message(number, line, buffer[:MARGIN], "the message has no end")
        if is_first:
            self._checked(buffer)
            raise Refused(f"holds no {self._name.decode()}")

    def _checked(self, head: bytes) -> bytes:
        if self._forbidden.search(head):
            raise Refused("declares a document type or entities, which messages have no need of")
        return head

    def _tag(self, buffer: bytes, at: int, is_end: bool) -> tuple[int, int, bool] | None:
        """Next tag of the element: where it starts and ends, and whether it closes; None where more must be read."""
        while (found := buffer.find(self._name, at)) >= 0:
            after = found + len(self._name)
            if not is_end and len(buffer) - after < MARGIN:
                return None
            opening = OPENING.search(buffer, max(0, found - MARGIN), found)
            if opening is None or buffer[after : after + 1] not in (b" ", b"\t", b"\r", b"\n", b">", b"/"):
                at = after
                continue
            is_closing = bool(opening.group(1))
            if not is_closing:
                return opening.start(), after, False
            end = buffer.find(b">", after, after + MARGIN)
            if end >= 0:
                return opening.start(), end + 1, True
            at = after
        return None


def next_start(stream: BinaryIO, element: str, at: int) -> int | None:
    """Byte at which the next start tag of an element stands, from `at` on; None where there is none."""
    tag = _start_tag(element)
    stream.seek(at)
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        data = rest + chunk
        if found := tag.search(data):
            return at - len(rest) + found.start()
        rest = data[-MARGIN:]
        at += len(chunk)
    return None


def count_messages(stream: BinaryIO, element: str) -> int:
    """Count the start tags of an element, without cutting or parsing."""
    tag = _start_tag(element)
    n, rest = 0, b""
    while chunk := stream.read(CHUNK_BYTES):
        data = rest + chunk
        last = 0
        for found in tag.finditer(data):
            n, last = n + 1, found.end()
        rest = data[max(last, len(data) - MARGIN) :]
    return n


def _start_tag(element: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:[A-Za-z_][\w.-]{0,63}:)?" + re.escape(element.encode()) + rb"(?=[ \t\r\n>/])")


@cache
def hl7(*tags: str) -> str:
    """Path of elements in the namespace of HL7 v3, one below the other."""
    return "/".join(HL7 + tag for tag in tags)


class Parser:
    """Parses messages under the namespaces and the encoding that the head of their file declares."""

    def __init__(self, head: bytes):
        """Read the declarations of a file's head."""
        from lxml import etree

        names = {n.split(b"=", 1)[0].strip(): n for n in NAMESPACE.findall(head)}
        self._before, self._after = b"<batch" + b"".join(names.values()) + b">", b"</batch>"
        found = ENCODING.search(head)
        self._encoding = found.group(1).decode().lower() if found else "utf-8"
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        self._error = etree.XMLSyntaxError

    def __call__(self, data: bytes) -> etree._Element:
        """Parse one message. Raises `ValueError` with a reason that quotes nothing of it."""
        from lxml import etree

        try:
            if self._encoding not in ("utf-8", "utf8", "us-ascii"):
                data = data.decode(self._encoding).encode()
            if len(data.translate(None, FORBIDDEN)) != len(data):
                raise ValueError("holds control characters that XML forbids")
            return etree.fromstring(self._before + data + self._after, self._parser)[0]
        except UnicodeDecodeError:
            raise ValueError(f"is not encoded as {self._encoding}, as it says") from None
        except LookupError:
            raise ValueError("names an encoding that is not known") from None
        except self._error as error:
            raise ValueError(_why(error)) from None


def _why(error: etree.XMLSyntaxError) -> str:
    """Say what is wrong by the parser's code, without the text it quotes."""
    from lxml import etree

    code = etree.ErrorTypes._getName(error.code, "")
    if "ENCOD" in code or "INVALID_CHAR" in code:
        return "is not well-formed XML: bytes that are no characters of its encoding"
    if "ENTITY" in code or "CHARREF" in code:
        return "is not well-formed XML: an entity or character that is not declared"
    if "DEPTH" in str(error).upper():
        return "is nested too deeply"
    return f"is not well-formed XML ({code.removeprefix('ERR_').lower().replace('_', ' ') or 'syntax'})"
