"""Messages in XML: cut out of a stream of any size, each parsed apart from the others, nothing resolved or fetched.

A batch file holds many messages one after another, and a file can hold several batches. Each message is cut by its tags
and parsed alone, so that memory is that of one message and a broken one is quarantined without its neighbours. How many
a file holds is counted apart from this, in `counting.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from pipelines.core import limits
from pipelines.files.text import Refused, encoding_problem

if TYPE_CHECKING:
    from lxml import etree

HL7 = "{urn:hl7-org:v3}"
CHUNK_BYTES = 1 << 22
MARGIN = 256  # longest tag that is looked at: prefix, name, blanks
PREFIX = rb"(?:[A-Za-z_][\w.-]{0,63}:)?"
AFTER_NAME = rb"(?=[ \t\r\n>/])"
OPENING = re.compile(rb"<(/?)" + PREFIX + rb"\Z")
CLOSED = re.compile(rb"[ \t\r\n]{0,64}>")
MARKUP = re.compile(rb"<!--.*?-->|<([?!/]?)([^<>]*?)(/?)>|([^<]+|<)", re.DOTALL)
BLANK = b" \t\r\n\xef\xbb\xbf"
DECLARED = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
ENTITIES = re.compile(rb"<!\s*ENTITY|<!\s*DOCTYPE[^>]*\[", re.IGNORECASE)
NAMESPACE = re.compile(rb"""\sxmlns(?::[\w.-]+)?\s*=\s*(?:"[^"<]*"|'[^'<]*')""")
ENCODING = re.compile(rb"""\A\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
ENCODINGS = re.compile(r"utf-?8|(us-)?ascii|iso-?8859-(\d|1[013456])|(windows-|cp)125\d|latin-?1", re.IGNORECASE)
COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
DECLARATION, DOCUMENT = b"<?xml", b"<?xml "
ROOT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
FORBIDDEN = bytes(c for c in range(0x20) if c not in b"\t\n\r")
DECLARES = "declares a document type or entities, which messages have no need of"


@dataclass(frozen=True)
class Message:
    """One message as it stands in the file: its number and line, from 1, its bytes, or why it has none.

    `element` is the name of its tag, empty for what is no message; `head` is what stands before the first message of
    its document: the same object for all messages of one document.
    """

    number: int
    line: int
    data: bytes
    problem: str = ""
    element: str = ""
    head: bytes = b""


class Messages:
    """The messages of a stream, each one of `elements`, of one document or of several behind each other."""

    def __init__(
        self, stream: BinaryIO, *elements: str, may_name_dtd: tuple[str, ...] = (), lost_start: bytes | None = None
    ):
        """Hold the stream; nothing is read yet.

        `may_name_dtd` are the elements whose documents may name a DTD, which is never fetched. `lost_start` is a
        pattern of what stands where the start tag of the last of the elements is missing.
        """
        self._stream, self._elements, self._may_name_dtd = stream, elements, may_name_dtd
        names = b"|".join(re.escape(e.encode()) for e in elements)
        lost = b"" if lost_start is None else b"|" + lost_start
        self._start = re.compile(b"<" + PREFIX + b"(?P<name>" + names + b")" + AFTER_NAME + lost)
        self._data, self._since, self._is_end = b"", 0, False  # what is needed begins at `_since`
        self._line, self._counted = 1, 0
        self._head, self._problem = b"", ""
        self._is_closed = True  # of the last message: its end tag was met

    def __iter__(self) -> Iterator[Message]:
        """Cut the stream; every start tag is one message, kept or not; so is text that belongs to none.

        So is the missing end of a document: its root's end tag must stand behind its last message, where that is whole.

        Raises `Refused` for a document type or entities before the first message, and where there is none.
        """
        number, root = 0, Root(b"")
        while True:
            start = self._next_start(is_first=number == 0)
            left = len(self._data) if start is None else start.start()
            gap = self._data[self._since : left]
            name = self._named(start)
            if number == 0:
                self._head, self._problem = gap, self._declared(gap, name)
                if problem := self._problem or encoding_problem(gap):
                    raise Refused(problem)
                if start is None:
                    raise Refused(f"holds no {self._elements[0]}")
                root = Root(COMMENT.sub(b"", gap).rpartition(DOCUMENT)[2])
            else:
                began, is_stray = between(gap, is_tail=start is None)
                if is_stray:
                    number += 1
                    text = gap.strip()[:MARGIN]
                    yield Message(number, self._line_at(self._since), text, "what stands here is no message")
                own, is_followed, rest = COMMENT.sub(b"", gap).partition(DOCUMENT)
                root.pass_over(own)
                if (is_followed or start is None) and root.is_open and self._is_closed:
                    number += 1
                    yield Message(number, self._line_at(left), b"", "the document has no end: is it cut?")
                root = Root(rest.rpartition(DOCUMENT)[2]) if is_followed else root
                if began >= 0:
                    self._head, self._problem = gap[began:], self._declared(gap[began:], name)
            if start is None:
                return
            number += 1
            yield self._message(number, start, name)

    def _named(self, start: re.Match[bytes] | None) -> str:
        return self._elements[-1] if start is None or start["name"] is None else start["name"].decode()

    def _declared(self, head: bytes, name: str) -> str:
        forbidden = ENTITIES if name in self._may_name_dtd else DECLARED
        return DECLARES if forbidden.search(head) else ""

    def _next_start(self, is_first: bool) -> re.Match[bytes] | None:
        """Start of the next message; None at the end of the stream."""
        at = self._since
        while (found := self._start.search(self._data, at)) is None:
            n = len(self._data) - self._since
            if is_first and n > limits.HEAD_BYTES:
                raise Refused(f"no {self._elements[0]} in the first {limits.HEAD_BYTES:,} bytes")
            if n > limits.MESSAGE_BYTES:
                raise Refused(f"holds more than {limits.MESSAGE_BYTES:,} bytes behind each other that are no message")
            at = max(n - MARGIN, 0)
            if not self._more():
                return None
        return found

    def _message(self, number: int, start: re.Match[bytes], name: str) -> Message:
        """The message that starts here; what is needed then begins behind it."""
        line = self._line_at(start.start())
        before = b"" if start["name"] is not None else f"<{name}>".encode()
        self._since = start.start()
        stop, problem, self._is_closed = self._end_of(name.encode(), start.end())
        data = self._data[self._since : stop]
        self._since = stop
        return Message(
            number, line, before + (data[:MARGIN] if problem else data), problem or self._problem, name, self._head
        )

    def _end_of(self, name: bytes, at: int) -> tuple[int, str, bool]:
        """Where a message ends, what is wrong with it, and whether it ends by its tag.

        One without end stops where another begins, or another document; one that is too long where another document
        does, be it before its end.
        """
        n_gone = 0  # bytes of a message that is too long, which were let go
        while True:
            found = self._data.find(name, at)
            if found < 0 or (not self._is_end and len(self._data) - found - len(name) < MARGIN):
                at = found if found >= 0 else max(at, len(self._data) - len(name))
                if n_gone + at - self._since > limits.MESSAGE_BYTES:
                    if (following := self._data.find(DECLARATION, self._since + 1, at)) >= 0:
                        return following, self._too_long(), False
                    n_gone += max(0, at - MARGIN - self._since)
                    self._since = max(self._since, at - MARGIN)
                at -= self._since
                if self._more():
                    continue
                at += self._since
                if found < 0:
                    return self._stopped(len(self._data), n_gone)
            after = found + len(name)
            opening = OPENING.search(self._data, max(0, found - MARGIN), found)
            at = after
            if opening is None:
                continue
            if not opening[1] and self._data[after : after + 1] in (b" ", b"\t", b"\r", b"\n", b">", b"/"):
                return self._stopped(opening.start(), n_gone)
            if opening[1] and (closed := CLOSED.match(self._data, after)):
                if n_gone + opening.start() - self._since <= limits.MESSAGE_BYTES:
                    return closed.end(), "", True
                if (following := self._data.find(DECLARATION, self._since + 1, opening.start())) >= 0:
                    return following, self._too_long(), False
                return closed.end(), self._too_long(), True

    def _stopped(self, at: int, n_gone: int) -> tuple[int, str, bool]:
        """A message without end, in front of what stands at a place."""
        problem = self._too_long() if n_gone + at - self._since > limits.MESSAGE_BYTES else "the message has no end"
        following = self._data.find(DECLARATION, self._since + 1, at)
        return (following if following >= 0 else at), problem, False

    def _too_long(self) -> str:
        return f"the message is longer than {limits.MESSAGE_BYTES:,} bytes"

    def _more(self) -> bool:
        """Read on, and let go of what is no longer needed; False at the end of the stream."""
        if self._is_end:
            return False
        chunk = self._stream.read(CHUNK_BYTES)
        self._line_at(self._since)
        self._data, self._is_end = self._data[self._since :] + chunk, not chunk
        self._since = self._counted = 0
        return True

    def _line_at(self, at: int) -> int:
        self._line += self._data.count(b"\n", self._counted, max(at, self._counted))
        self._counted = max(at, self._counted)
        return self._line


class Root:
    """The element around a document's messages, as far as it is told outside of them."""

    def __init__(self, head: bytes):
        """Take the first start tag of what stands before the first message, comments aside; there may be none."""
        first = ROOT.search(head)
        self.name = first[1] if first else b""
        self._tag = re.compile(rb"<(/?)" + re.escape(self.name) + rb"(?=[ \t\r\n>/])[^<>]*?(/?)>")
        self.is_open = False
        self.pass_over(head)

    def pass_over(self, text: bytes) -> None:
        """Go over what stands outside of messages: the last tag of the root says whether it is open."""
        for found in self._tag.finditer(text) if self.name else ():
            self.is_open = not (found[1] or found[2])


def between(gap: bytes, *, is_tail: bool) -> tuple[int, bool]:
    """Look at what stands between two messages or behind the last: (where a new document begins or -1, is it more).

    Elements of the batch around the messages are passed over. Text outside of them, a tag that the file ends in, and a
    document without a message are more than that.
    """
    depth, began, is_left, is_open, is_stray = 0, -1, False, False, False
    for found in MARKUP.finditer(gap):
        kind, body, empty, text = found.groups()
        if text is not None:
            is_stray |= depth == 0 and bool(text.strip(BLANK))
        elif kind in (b"?", b"!"):
            if body.startswith((b"xml ", b"DOCTYPE")):
                is_stray |= is_open
                began = found.start() if is_open or began < 0 else began
                depth, is_left, is_open = 0, True, False
        elif kind == b"/":
            if depth == 0:
                is_left = True
            elif depth == 1 and is_open:
                is_stray, is_open, began = True, False, -1
            depth = max(depth - 1, 0)
        elif kind == b"":
            if depth == 0 and is_left:
                began = found.start() if began < 0 else began
                is_stray, is_open = is_stray or bool(empty), not empty
            depth += not empty
    return began, is_stray or (is_tail and is_open)


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


def holds(stream: BinaryIO, mark: bytes, at: int) -> bool:
    """Tell whether a stream holds a mark anywhere from a byte on."""
    stream.seek(at)
    rest = b""
    while chunk := stream.read(CHUNK_BYTES):
        if mark in rest + chunk:
            return True
        rest = chunk[-len(mark) :]
    return False


def _start_tag(element: str) -> re.Pattern[bytes]:
    return re.compile(rb"<(?:[A-Za-z_][\w.-]{0,63}:)?" + re.escape(element.encode()) + rb"(?=[ \t\r\n>/])")


@cache
def hl7(*tags: str) -> str:
    """Path of elements in the namespace of HL7 v3, one below the other."""
    return "/".join(HL7 + tag for tag in tags)


def unread_encoding(head: bytes) -> str | None:
    """Say that the head of a document names an encoding that is none of those that are read."""
    found = ENCODING.search(head)
    if found and not ENCODINGS.fullmatch(found[1].decode()):
        return "names an encoding that is not read; UTF-8, ISO 8859 and Windows 125x are"
    return None


class Parser:
    """Parses messages under the namespaces and the encoding that the head of their file declares."""

    def __init__(self, head: bytes):
        """Read the declarations of a file's head."""
        from lxml import etree

        names = {n.split(b"=", 1)[0].strip(): n for n in NAMESPACE.findall(head)}
        self._before, self._after = b"<batch" + b"".join(names.values()) + b">", b"</batch>"
        found = ENCODING.search(head)
        self._encoding = found.group(1).decode().lower() if found else "utf-8"
        self._unread = unread_encoding(head)
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
        )
        self._error = etree.XMLSyntaxError

    def __call__(self, data: bytes) -> etree._Element:
        """Parse one message. Raises `ValueError` with a reason that quotes nothing of it."""
        from lxml import etree

        try:
            if self._unread:
                raise ValueError(self._unread)
            if self._encoding not in ("utf-8", "utf8", "us-ascii"):
                data = data.decode(self._encoding).encode()
            if len(data.translate(None, FORBIDDEN)) != len(data):
                raise ValueError("holds control characters that XML forbids")
            return etree.fromstring(self._before + data + self._after, self._parser)[0]
        except UnicodeDecodeError:
            raise ValueError(f"is not encoded as {self._encoding}, as it says") from None
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
