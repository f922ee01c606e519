"""Messages cut out of a stream: every start tag is one message, whole or told to be broken."""

from __future__ import annotations

import io
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import fs

from pipelines.core import limits
from pipelines.files import xml as cutting
from pipelines.files.counting import count_messages
from pipelines.files.splits import opened_part, parts
from pipelines.files.text import Refused
from pipelines.files.xml import Messages, Parser

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<batch xmlns="urn:hl7-org:v3" xmlns:xsi="http://x.example">\n'


def cut(data: bytes) -> list:
    return list(Messages(io.BytesIO(data), "MSG"))


def whole(*texts: str) -> bytes:
    return HEAD + "\n".join(f"<MSG a='1'><t>{t}</t></MSG>" for t in texts).encode() + b"\n</batch>"


@given(st.lists(st.sampled_from(["<MSG>", "</MSG>", "<x:MSG a='1'>", "</x:MSG>", "<MSGS>", "MSG", "<", ">", " ", "é"])))
def test_any_sequence_of_tags_gives_a_message_a_start_tag(tokens):
    data = "".join(tokens).encode()
    counted = count_messages(io.BytesIO(data), "MSG")
    if counted:
        found = cut(data)
        assert [m.number for m in found] == list(range(1, counted + 1))
    else:
        with pytest.raises(Refused):
            cut(data)


@given(st.binary(max_size=400))
def test_garbage_before_between_and_behind_breaks_nothing(noise):
    data = HEAD + noise.replace(b"!", b"") + b"<MSG><a/></MSG>" + noise + b"<MSG><a/></MSG>" + noise
    assert len(cut(data)) == count_messages(io.BytesIO(data), "MSG")


def test_a_broken_message_leaves_its_neighbours_alone():
    data = HEAD + b"<MSG><a></MSG>\n<MSG><b>1</b></MSG>\n<MSG><c>"
    first, second, third = cut(data)
    parser = Parser(HEAD)
    with pytest.raises(ValueError, match="not well-formed"):
        parser(first.data)
    assert parser(second.data).tag == "{urn:hl7-org:v3}MSG"
    assert (second.line, third.line) == (4, 5)
    assert third.problem == "the message has no end"


@pytest.mark.parametrize(
    "attack",
    [
        b'<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>',
        b'<!DOCTYPE x SYSTEM "http://evil.example/x.dtd">',
        b'<!ENTITY x SYSTEM "file:///etc/hostname">',
    ],
)
def test_document_types_and_entities_are_refused(attack):
    with pytest.raises(Refused, match="entities"):
        cut(b'<?xml version="1.0"?>' + attack + whole("a"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"&unknown;", "entity"),
        (b"\xff\xfe", "bytes that are no characters"),
        (b"\x01", "control characters"),
        (b"<d>" * 300 + b"</d>" * 300, "not well-formed|nested"),
        (b'<!DOCTYPE a SYSTEM "x">', "not well-formed"),
    ],
)
def test_hostile_content_is_told_without_being_quoted(text, reason):
    with pytest.raises(ValueError, match=reason):
        Parser(HEAD)(b"<MSG>" + text + b"</MSG>")


def test_other_encodings_are_those_the_file_declares():
    parser = Parser(b'<?xml version="1.0" encoding="iso-8859-1"?>')
    assert parser("<MSG>é</MSG>".encode("latin-1")).text == "é"
    with pytest.raises(ValueError, match="not read"):
        Parser(b'<?xml version="1.0" encoding="klingon"?>')(b"<MSG/>")


SECOND = b'<?xml version="1.0" encoding="iso-8859-1"?>\n<batch xmlns="urn:hl7-org:v3"><id>2</id>\n'
CUT = "the document has no end: is it cut?"
STRAY = "what stands here is no message"


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        (b"", ["", ""]),
        (b"\n<!-- end > -->\n", ["", ""]),
        (b"\n2 messages sent\n", ["", "", STRAY]),
        (b"<MSG><t>cut", ["", "", "the message has no end"]),
        (b"<MS", ["", "", STRAY]),
        (SECOND + b"<MSG>3</MSG></batch>", ["", "", ""]),
        (SECOND + b"<MSG>3</MSG>", ["", "", "", CUT]),
        (SECOND + b"<MSG>3</MSG><!-- </batch> -->\n" + SECOND + b"<MSG>4</MSG></batch>", ["", "", "", CUT, ""]),
        (b"<batch><MSG>3</MSG>", ["", "", "", CUT]),
        (SECOND + b"<MSG>3</MSG></batch>\n" + SECOND + b"<MSG>4</MSG></batch>", ["", "", "", ""]),
        (b"<batch><MSG>3</MSG></batch>", ["", "", ""]),
        (b"<other><a>text</a></other>", ["", "", STRAY]),
        (b'<?xml version="1.0"?><other><a>text', ["", "", STRAY]),
        (b"<MSG><t>cut" + SECOND + b"<MSG>4</MSG></batch>", ["", "", "the message has no end", ""]),
        (b"<MSG><t>cut" + SECOND, ["", "", "the message has no end", STRAY]),
        (b"noise" + SECOND + b"<MSG>4</MSG>", ["", "", STRAY, "", CUT]),
    ],
)
def test_what_stands_behind_the_last_message_is_read_or_told(behind, told):
    data = whole("a", "b") + behind
    assert [m.problem for m in cut(data)] == told
    assert count_messages(io.BytesIO(data), "MSG") == len(told)


@pytest.mark.parametrize("n_bytes", range(len(HEAD) + 6, len(HEAD) + 60))
def test_a_file_that_is_cut_anywhere_is_never_whole(n_bytes):
    data = whole("a", "b")
    assert not any(m.problem for m in cut(data))
    assert any(m.problem for m in cut(data[:n_bytes])) or b"</batch>" in data[:n_bytes]
    assert count_messages(io.BytesIO(data[:n_bytes]), "MSG") == len(cut(data[:n_bytes]))


@pytest.mark.parametrize("encoding", ["punycode", "utf-7", "idna", "rot13", "cp037", "hz", "unicode_escape", "klingon"])
def test_encodings_that_are_no_text_of_xml_are_not_read(encoding):
    head = f'<?xml version="1.0" encoding="{encoding}"?>'.encode()
    start = time.monotonic()
    with pytest.raises(ValueError, match="not read"):
        Parser(head)(b"<MSG>" + b"a-" * 100_000 + b"</MSG>")
    assert time.monotonic() - start < 1


def test_each_document_has_a_head_of_its_own():
    data = whole("é") + SECOND + "<MSG>é</MSG></batch>".encode("latin-1")
    first, second = cut(data)
    assert (Parser(first.head)(first.data)[0].text, Parser(second.head)(second.data).text) == ("é", "é")
    assert b"<id>2</id>" in second.head


def test_a_second_document_with_entities_puts_its_messages_aside():
    data = whole("a") + b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "b">]>' + whole("b").partition(b"?>")[2]
    assert [bool(m.problem) for m in cut(data)] == [False, True, True]
    assert count_messages(io.BytesIO(data), "MSG") == 3


def test_a_file_in_utf_16_is_refused_in_these_words():
    for data in (whole("a").decode().encode("utf-16"), whole("a").decode().encode("utf-16-le")):
        with pytest.raises(Refused, match="UTF-16"):
            cut(data)


TOKENS = [
    "<MSG>",
    "</MSG>",
    '<x:MSG a="1">',
    "</x:MSG >",
    "<MSGS>",
    "MSG",
    "<",
    ">",
    " ",
    "é",
    "<?xml v?>",
    "<!--",
    "-->",
]
TOKENS += ["<a>", "</a>", "<b/>", "<OTHER>", "</OTHER>", "text", "<h></h><id>", "</MSG", "<!DOCTYPE r>", "x" * 300]
TOKENS += ["<?xml v?><r>", "<?xml", "<r>", "</r>", "x" * 700]


@pytest.mark.parametrize("lost", [None, rb"(?<=</h>)[ \t\r\n]*+<id>"])
@given(
    tokens=st.lists(st.sampled_from(TOKENS), max_size=16),
    size=st.sampled_from([50, 300, 1 << 20]),
    longest=st.sampled_from([300, 1000, 1 << 20]),
)
def test_the_counter_which_shares_no_code_agrees_on_any_text(lost, tokens, size, longest):
    data = ("<MSG></MSG>" + "".join(tokens)).encode()
    names, kinds = ("MSG", "OTHER"), {"lost_start": lost}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "CHUNK_BYTES", size)
        patch.setattr(limits, "COUNTED_BYTES", 350 - size if size < 350 else size)
        patch.setattr(limits, "MESSAGE_BYTES", longest)
        with suppress(Refused):
            found = list(Messages(io.BytesIO(data), *names, may_name_dtd=names, **kinds))
            assert count_messages(io.BytesIO(data), *names, **kinds) == len(found)


def test_a_document_behind_a_message_that_is_too_long_is_read(monkeypatch):
    monkeypatch.setattr(limits, "MESSAGE_BYTES", 5_000)
    monkeypatch.setattr(cutting, "CHUNK_BYTES", 1_000)
    long = b"<MSG>" + b"x" * 5_500
    data = whole("a") + HEAD + long + SECOND + long + b"</MSG><MSG>3</MSG></batch>"
    told = [m.problem for m in cut(data)]
    assert told == ["", *["the message is longer than 5,000 bytes"] * 2, ""]
    assert count_messages(io.BytesIO(data), "MSG") == 4


@given(st.lists(st.text(alphabet="abé <", max_size=30), min_size=1, max_size=60), st.integers(1, 2000))
def test_parts_of_a_file_hold_each_message_once(tmp_path_factory, texts, size):
    file = tmp_path_factory.getbasetemp() / "parts.xml"
    data = whole(*(t.replace("<", "&lt;") for t in texts))
    file.write_bytes(data)
    system = fs.LocalFileSystem()
    read = []
    for part in parts(system, str(file), "MSG", part_bytes=size):
        if part.stop < 0:
            read += cut(data)
            continue
        with opened_part(system, str(file), part) as stream:
            read += list(Messages(stream, "MSG"))
    assert [m.data for m in read] == [m.data for m in cut(data)]
