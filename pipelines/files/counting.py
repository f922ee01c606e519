"""How many records a file holds: the other side of the balance of rows.

A counter is no reader: it shares no code with one, so that a fault that makes a reader lose records can't hide itself.
Nothing is imported from the readers here, and nothing is imported by them; `tests/sources/test_counters.py` holds it.
Each counter says in one sentence what a record is; it goes through the bytes once, in chunks where files can be large.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, BinaryIO

import numba
import numpy as np

from pipelines.core import limits

CHUNK_BYTES = 1 << 24
BLANK_LINE = re.compile(  # of Unicode's blanks and marks without width in UTF-8, or of Windows-1252's
    rb"(?:[\t-\r\x1c-\x20]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8b\xa8\xa9\xaf]|\xe2\x81[\x9f\xa0]"
    rb"|\xe3\x80\x80|\xef\xbb\xbf)*+|[\t-\r\x1c-\x20\xa0]*+"
)
TAG_BYTES = 256  # longest start of a tag that is looked at


def count_delimited(stream: BinaryIO, name: str, *, header_lines: int = 1) -> int:
    """Rows that a Parquet file says it holds, else non-blank lines behind the header."""
    return (
        count_parquet(stream) if name.lower().endswith(".parquet") else count_lines(stream, header_lines=header_lines)
    )


def count_lines(stream: BinaryIO, *, header_lines: int) -> int:
    """Physical lines that hold more than blanks, or more bytes than a line may have, behind the header."""
    return _count_lines(_pieces(stream), header_lines)


def _count_lines(pieces: Iterable[bytes], header_lines: int) -> int:
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


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """A text piece by piece; a carriage return ends its lines where more stand alone than line feeds do."""
    start = stream.read(limits.LOOKED_AT_BYTES)
    while len(start) < limits.LOOKED_AT_BYTES and (more := stream.read(limits.LOOKED_AT_BYTES - len(start))):
        start += more
    end = b"\r" if len(re.findall(rb"\r(?!\n)", start)) > start.count(b"\n") else b"\n"
    piece = start[3:] if start[:3] == b"\xef\xbb\xbf" else start
    while start:
        yield piece.replace(end, b"\n")
        start = piece = stream.read(CHUNK_BYTES)


def count_quoted_lines(stream: BinaryIO, *, header_lines: int = 1, delimiter: str = ",") -> int:
    """Records of a quoted CSV behind the header, byte by byte: what `limits.TEXT_BYTES` says a record is.

    One whose fields hold nothing but blanks is none. Of several delimiters, the header's most frequent is taken.
    """
    pieces = _pieces(stream)
    first = next(pieces, b"")
    header = first.strip().partition(b"\n")[0]
    mark = sorted(delimiter, key=lambda d: -header.count(d.encode()))[0]
    return _count_quoted(chain([first], pieces), header_lines, mark)


def count_tabbed_or_quoted(stream: BinaryIO) -> int:
    """Lines behind the header where it holds a tab, else records of a quoted CSV with commas."""
    pieces = _pieces(stream)
    first = next(pieces, b"")
    is_tabbed = b"\t" in first.strip().partition(b"\n")[0]
    whole = chain([first], pieces)
    return _count_lines(whole, 1) if is_tabbed else _count_quoted(whole, 1, ",")


def _count_quoted(pieces: Iterable[bytes], header_lines: int, delimiter: str) -> int:
    state, kept = np.zeros(_CSV_STATES, np.int64), b""
    _csv_begin(state)
    for piece in pieces:
        data = kept + piece
        keep = _csv(np.frombuffer(data, np.uint8), len(kept), state, ord(delimiter), limits.TEXT_BYTES, False)
        kept = data[keep:]
    _csv(np.frombuffer(kept, np.uint8), len(kept), state, ord(delimiter), limits.TEXT_BYTES, True)
    return max(0, int(state[_RECORDS]) - header_lines)


def count_sheet(stream: BinaryIO, name: str, *, delimiter: str = ",") -> int:
    """Rows of a workbook where its name says that it is one, else records of a CSV."""
    if re.search(r"\.xlsx(\.gz)?$", name, re.IGNORECASE):
        return count_workbook(stream)
    return count_quoted_lines(stream, delimiter=delimiter)


def count_parquet(stream: BinaryIO) -> int:
    """Rows that the metadata of a Parquet file say it holds; none where it is no such file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    is_lying = isinstance(stream, pa.NativeFile)
    data = stream if is_lying else pa.BufferReader(stream.read())  # what fails here is the store's
    try:
        return int(pq.read_metadata(data).num_rows)
    except (pa.ArrowException, OSError):
        if is_lying:
            raise
        return 0


def count_workbook(stream: BinaryIO) -> int:
    """Rows of the first sheet with a cell that holds more than blanks, the header left out."""
    with zipfile.ZipFile(io.BytesIO(stream.read())) as archive:
        is_blank: list[bool] = []
        if "xl/sharedStrings.xml" in archive.namelist():
            is_blank = [not _said(item) for item in _elements(archive, "xl/sharedStrings.xml", "si")]
        rows = _elements(archive, _first_sheet(archive), "row")
        n = sum(any(_is_filled(cell, is_blank) for cell in row.iterfind("{*}c")) for row in rows)
    return max(0, n - 1)


def _elements(archive: zipfile.ZipFile, part: str, name: str) -> Iterator[Any]:
    """Elements of a part of a workbook, one held at a time."""
    from lxml import etree

    with archive.open(part) as xml:
        for _, element in etree.iterparse(xml, tag="{*}" + name, resolve_entities=False, no_network=True):
            yield element
            element.clear()
            above = element.getparent()
            while above is not None and element.getprevious() is not None:
                del above[0]


def _first_sheet(archive: zipfile.ZipFile) -> str:
    """Part of the sheet that the workbook lists first."""
    first = next(_elements(archive, "xl/workbook.xml", "sheet"))
    key = next(value for name, value in first.attrib.items() if name.endswith("}id"))
    links = _elements(archive, "xl/_rels/workbook.xml.rels", "Relationship")
    target = next(link.get("Target") for link in links if link.get("Id") == key)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _is_filled(cell: Any, is_blank: list[bool]) -> bool:
    value = cell.findtext("{*}v") or ""
    if cell.get("t") == "s":
        return bool(value.strip()) and not is_blank[int(value)]
    if cell.get("t") == "inlineStr":
        return any(_said(text) for text in cell.iterfind("{*}is"))
    return _is_said(value)


def _said(item: Any) -> bool:
    """Whether a text of a workbook, plain or in runs, says something; how it is pronounced is none of it."""
    return any(_is_said(t.text or "") for path in ("{*}t", "{*}r/{*}t") for t in item.iterfind(path))


def _is_said(text: str) -> bool:
    return not BLANK_LINE.fullmatch(text.encode())


def count_objects(stream: BinaryIO) -> int:
    """Records of JSON, and what stands between them, byte by byte.

    A record is an outermost object, or an object of a `results` array of an outermost one, or one behind such an array
    that is no member's value. A run of text where a record could stand counts as one, and so does a record, a list or
    an answer in which the file ends, or a record in which a line begins with a brace where no value can stand.
    """
    state = np.zeros(_STATES, np.int64)
    while chunk := stream.read(CHUNK_BYTES):
        _objects(np.frombuffer(chunk, np.uint8), state)
    n, mode, stray, brackets = (int(state[i]) for i in (_N, _MODE, _STRAY, _BRACKETS))
    return n + (1 if mode != _OUTSIDE else int(stray or brackets > 0))


def count_messages(stream: BinaryIO, *elements: str, lost_start: bytes | None = None) -> int:
    """Start tags of messages in XML, cut short or not, and what stands behind a message and belongs to none.

    A document around messages that ends without the end tag of its root, behind a whole message, counts as one more.

    `lost_start` is a pattern of what stands where the start tag of the last of the elements is missing.
    """
    tag_of = rb"<(/?)(?:[A-Za-z_][\w.-]{0,63}:)?(%s)(?=[ \t\r\n>/])"
    names = [re.escape(e.encode()) for e in elements]
    lost = b"" if lost_start is None else b"|" + lost_start
    within = {e.encode(): re.compile(tag_of % name) for e, name in zip(elements, names, strict=True)}
    within[b""] = re.compile(tag_of % b"|".join(names) + lost)
    n, inside, data, since, at, is_read = 0, b"", b"", 0, 0, False
    root, is_open, is_cut, gone = b"", False, False, 0
    while True:
        tag = within[inside].search(data, at)
        is_short = not is_read and (tag is None or len(data) - tag.end() < TAG_BYTES)
        place = len(data) if tag is None else tag.start()
        if is_short and tag is None:
            place -= TAG_BYTES
        is_long = bool(inside) and gone + place - since > limits.MESSAGE_BYTES
        is_ending = tag is not None and tag[1] and re.compile(rb"[ \t\r\n]{0,64}>").match(data, tag.end())
        if inside and (is_long or not (is_short or (tag is not None and tag[1]))):
            following = data.find(b"<?xml", since + 1, max(place, 0))
            if following >= 0:  # another document behind a message without end, or in one that is too long
                inside, since, at, is_cut, gone = b"", following, following, True, 0
                continue
        if is_short:
            if is_long and place - TAG_BYTES > since:
                since, gone = place - TAG_BYTES, gone + place - TAG_BYTES - since
            chunk = stream.read(CHUNK_BYTES)
            at = max(at, place) - since
            data, since, is_read = data[since:] + chunk, 0, not chunk
            continue
        is_opening = tag is not None and not tag[1]
        if inside:
            if tag is not None and not is_opening:
                if is_ending:
                    inside, since, is_cut, gone = b"", is_ending.end(), False, 0
                at = tag.end()
                continue
            is_cut = tag is None
        elif is_opening or tag is None:
            gap = data[since : len(data) if tag is None else tag.start()]
            n_before, (own, *documents) = n, re.split(rb"<\?xml ", re.sub(rb"(?s)<!--.*?-->", b"", gap))
            if n_before:
                is_open = _is_left_open(root, is_open, own)
                n += _is_more_than_markup(gap, tag is None)
                n += is_open and not is_cut and (tag is None or bool(documents))
            if documents or not n_before:
                head = [own, *documents][-1]
                start = re.search(rb"<([A-Za-z_][\w.:-]*)", head)
                root = start[1] if start else b""
                is_open = _is_left_open(root, False, head)
        if tag is None:
            return n
        if is_opening:
            gone = 0
            n, inside, since = n + 1, tag[2] or elements[-1].encode(), tag.start()
        at = tag.end()


def _is_left_open(root: bytes, is_open: bool, text: bytes) -> bool:
    """Whether the last tag of the root that stands outside of messages opens it."""
    tags = re.findall(rb"</?%s(?:[ \t\r\n/][^<>]*)?>" % re.escape(root), text) if root else []
    return not (tags[-1].startswith(b"</") or tags[-1].endswith(b"/>")) if tags else is_open


def _is_more_than_markup(data: bytes, is_last: bool) -> bool:
    """Text outside of elements, or a document of its own, in what stands between messages or behind the last one."""
    text, *pieces = re.sub(rb"<!--.*?-->", b"<!>", data, flags=re.DOTALL).split(b"<")
    blank = b" \t\r\n\xef\xbb\xbf"
    if text.strip(blank):
        return True
    depth, is_outside, is_document = 0, False, False
    for piece in pieces:
        tag, is_tag, text = piece.partition(b">")
        if not is_tag:
            tag, text = b"!", b"<" + piece
        if tag[:1] in (b"?", b"!"):
            if tag[1:].startswith((b"xml ", b"DOCTYPE")):
                if is_document:
                    return True
                depth, is_outside = 0, True
        elif tag[:1] == b"/":
            if depth == 1 and is_document:
                return True
            is_outside |= depth == 0
            depth = max(0, depth - 1)
        else:
            if depth == 0 and is_outside:
                if tag.endswith(b"/"):
                    return True
                is_document = True
            depth += not tag.endswith(b"/")
        if depth == 0 and text.strip(blank):
            return True
    return is_last and is_document


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


_OUTSIDE, _OBJECT, _LIST, _LISTED, _ANSWER, _BEHIND = range(6)
_NONE, _KEY, _FRESH, _TAKEN, _NESTED = range(5)  # of an answer behind its list: what of a member has been seen
_N, _MODE, _DEPTH, _BRACKETS, _LIST_BRACKETS, _STRAY, _STRING, _ESCAPED, _SAME, _PENDING, _MEMBER = range(11)
_LAST, _NEW_LINE, _STATES = range(11, 14)  # last byte that is no blank, and whether a line has ended since
_NAME = np.frombuffer(b"results", np.uint8)


@numba.njit(cache=True, nogil=True)
def _objects(data: np.ndarray, s: np.ndarray) -> None:
    """Go on through bytes with the state of those before."""
    for b in data:
        if s[_STRING]:
            if s[_ESCAPED]:
                s[_ESCAPED] = 0
            elif b == 92:  # \
                s[_ESCAPED], s[_SAME] = 1, -1
            elif b == 34:  # "
                s[_STRING], s[_PENDING] = 0, s[_SAME] == 7
                s[_LAST], s[_NEW_LINE] = b, 0
                if s[_MODE] == _ANSWER and s[_MEMBER] == _NONE:
                    s[_MEMBER] = _KEY
            elif 0 <= s[_SAME] < 7 and b == _NAME[s[_SAME]]:
                s[_SAME] += 1
            else:
                s[_SAME] = -1
            continue
        is_space = b == 32 or b == 9 or b == 10 or b == 13
        is_between = s[_MODE] == _OUTSIDE or s[_MODE] == _LIST
        if b == 34:
            s[_STRAY] |= is_between or (s[_MODE] == _ANSWER and s[_MEMBER] == _KEY)
            s[_STRING], s[_SAME], s[_PENDING] = 1, 0, 0
            if s[_MODE] == _ANSWER:
                s[_MEMBER] = _NONE if s[_MEMBER] == _KEY else _TAKEN if s[_MEMBER] == _FRESH else s[_MEMBER]
        elif s[_MODE] == _ANSWER:
            if not is_space:
                _behind(b, s)
        elif is_between:
            if not (is_space or b == 44 or b == 0xEF or b == 0xBB or b == 0xBF):  # blanks, commas, byte order marks
                _between(b, s)
        elif not is_space:
            _inside(b, s)
        if is_space:
            s[_NEW_LINE] |= b == 10
        else:
            s[_LAST], s[_NEW_LINE] = b, 0


@numba.njit(cache=True, nogil=True)
def _between(b: int, s: np.ndarray) -> None:
    """A byte where a record could stand."""
    is_list = s[_MODE] == _LIST
    brackets = _LIST_BRACKETS if is_list else _BRACKETS
    s[_PENDING] = 0
    if b == 123:  # {
        s[_N] += s[_STRAY]
        s[_STRAY], s[_DEPTH], s[_MODE] = 0, 1 + is_list, _LISTED if is_list else _OBJECT
    elif b == 91:  # [
        s[brackets] += 1
    elif b == 93 and s[brackets] > 0:  # ]
        s[brackets] -= 1
        if is_list and s[brackets] == 0:
            s[_N] += s[_STRAY]
            s[_STRAY], s[_DEPTH], s[_MODE], s[_MEMBER] = 0, 1, _ANSWER, _TAKEN
    elif b == 125 and is_list:  # }: the answer ends before its list
        s[_N] += 1
        s[_STRAY], s[_MODE] = 0, _OUTSIDE
    else:
        s[_STRAY] = 1


@numba.njit(cache=True, nogil=True)
def _behind(b: int, s: np.ndarray) -> None:
    """A byte of an answer behind its list: of a member, of a record that is none, or of text."""
    member = s[_MEMBER]
    if member == _NESTED:
        s[_DEPTH] += 1 if b == 123 or b == 91 else -1 if b == 125 or b == 93 else 0
        s[_MEMBER] = _TAKEN if s[_DEPTH] == 1 else _NESTED
        return
    if member == _KEY:
        s[_MEMBER] = _FRESH if b == 58 else _NONE
        s[_STRAY] |= b != 58
        if b == 58:
            return
    is_list = b == 91 and member == _FRESH and s[_PENDING] == 1
    if b == 44:
        s[_MEMBER] = _NONE
    elif (b == 123 or b == 91) and member == _FRESH and not is_list:
        s[_MEMBER], s[_DEPTH] = _NESTED, 2
    elif b == 123 or b == 125 or is_list:
        s[_N] += s[_STRAY]
        s[_STRAY], s[_DEPTH], s[_MEMBER] = 0, 2, _NONE
        s[_MODE] = _LIST if is_list else _BEHIND if b == 123 else _OUTSIDE
        s[_LIST_BRACKETS] = 1
    elif b == 91 or b == 93:
        s[_STRAY], s[_MEMBER] = 1, _NONE
    elif member in (_FRESH, _TAKEN):
        s[_MEMBER] = _TAKEN
    elif b != 0xEF and b != 0xBB and b != 0xBF:
        s[_STRAY] = 1


@numba.njit(cache=True, nogil=True)
def _inside(b: int, s: np.ndarray) -> None:
    """A byte of an object: a record, or an answer around its list."""
    if b == 58 and s[_PENDING] == 1:  # :
        s[_PENDING] = 2
        return
    if b == 91 and s[_PENDING] == 2 and s[_DEPTH] == 1 and s[_MODE] == _OBJECT:
        s[_MODE], s[_LIST_BRACKETS], s[_STRAY], s[_PENDING] = _LIST, 1, 0, 0
        return
    s[_PENDING] = 0
    if b == 123:
        could_stand = s[_LAST] == 58 or s[_LAST] == 44 or s[_LAST] == 91  # behind : , [
        if s[_NEW_LINE] and not could_stand:  # the object before has no end
            s[_N] += 1
            s[_DEPTH] = s[_MODE] != _OBJECT
        s[_DEPTH] += 1
    elif b == 125:
        s[_DEPTH] -= 1
        if s[_DEPTH] == 0:
            s[_N] += 1
            s[_MODE] = _OUTSIDE
        elif s[_DEPTH] == 1 and s[_MODE] == _LISTED:
            s[_N] += 1
            s[_MODE] = _LIST
        elif s[_DEPTH] == 1 and s[_MODE] == _BEHIND:
            s[_N] += 1
            s[_MODE] = _ANSWER
