"""How many records a file holds: the other side of the balance of rows.

A counter is no reader: it shares no code with one, so that a fault that makes a reader lose records can't hide itself.
Nothing is imported from the readers here, and nothing is imported by them; `tests/fuzz/test_counters.py` holds it.
Each counter says in one sentence what a record is; it goes through the bytes once, in chunks where files can be large.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

from pipelines.core import limits
from pipelines.files.counting_lines import BLANK_LINE, count_lines
from pipelines.files.counting_quoted import count_quoted_lines

TAG_BYTES = 256  # longest start of a tag that is looked at


def count_delimited(stream: BinaryIO, name: str, *, header_lines: int = 1) -> int:
    """Rows that a Parquet file says it holds, else non-blank lines behind the header."""
    return (
        count_parquet(stream) if name.lower().endswith(".parquet") else count_lines(stream, header_lines=header_lines)
    )


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
            chunk = stream.read(limits.COUNTED_BYTES)
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
