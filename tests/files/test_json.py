"""Records of JSON cut out of a stream: counted by their braces, each parsed apart."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import limits
from pipelines.files import json as cutting
from pipelines.files.counting_json import count_objects
from pipelines.files.json import listed, parsed, records, texts
from pipelines.files.text import Refused
from tests.fuzz.target import Dripping

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text('ab"{}[]\\,: é', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab{}", max_size=3), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text("ab{", max_size=3), JSON, min_size=1, max_size=3), max_size=6)


def cut(data: bytes) -> list[tuple[bytes, str]]:
    return list(records(io.BytesIO(data)))


@given(OBJECTS, st.sampled_from(["results", "array", "lines"]))
def test_every_object_comes_back_in_whatever_form_it_is_listed(objects, form):
    texts = [json.dumps(o) for o in objects]
    data = {
        "results": '{"meta": {"results": {"total": 1}}, "results": [' + ",\n".join(texts) + "]}",
        "array": "[" + ", ".join(texts) + "]",
        "lines": "\n".join(texts),
    }[form]
    assert [parsed(record) for record, problem in cut(data.encode()) if not problem] == objects


@given(st.lists(st.sampled_from(['{"a":1}', "{", "}", '"', "]", "[", ",", "x", "\\", '{"results":['])))
def test_garbage_neither_fails_nor_hangs(tokens):
    data = "".join(tokens).encode()
    assert cut(data) == cut(data)


def test_a_record_longer_than_a_chunk_is_whole():
    long = json.dumps({"a": "x" * (9 << 20)})
    (record, other) = cut(f'{{"results": [{long}, {{"b": 2}}]}}'.encode())
    assert parsed(record[0]) == json.loads(long)
    assert parsed(other[0]) == {"b": 2}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a": 1, "a": 2}', "a key twice"),
        (b'{"a": NaN}', "no number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"a": "\xff"}', "not encoded as UTF-8"),
        (b'{"a": "secret \\ud800"}', "half of a character"),
        (b'{"a": secret}', "is no JSON"),
    ],
)
def test_hostile_records_are_told_without_being_quoted(data, reason):
    with pytest.raises(ValueError, match=reason) as told:
        parsed(data)
    assert "secret" not in str(told.value)


def test_numbers_are_texts_and_one_is_a_list_of_one():
    assert texts({"a": 1, "b": [2.5, None, True], "c": None}) == {"a": "1", "b": ["2.5", "true"]}
    assert (listed(None), listed("x"), listed(["x"])) == ([], ["x"], ["x"])


def paged(*records: str) -> str:
    return '{"meta": {"results": {"total": 9}}, "results": [' + ", ".join(records) + "]}"


A, B, C = '{"a": 1}', '{"b": {"results": [1]}}', '{"c": "]"}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{paged(A)}\n{paged(B, C)}{paged()}", [A, B, C]),
        (f"[{paged(A)}, {paged(B)}]", [A, B]),
        (f'{{"results": [{A}], "meta": {{"b": 2}}, "results": [{B}]}}\n{C}', [A, B, C]),
        (f"{paged(A)} -- 1 record\n{paged(B)}", [A, "text between records", B]),
        (f"{paged(A)}]", [A, "text between records"]),
        (f"[{A}]]", [A, "text between records"]),
        (f"{paged(A)} <html>", [A, "text between records"]),
        (
            f"{paged(A)[:-2]}, {B[:-1]}",
            [A, "the record has no end, and what follows can't be told from what stands in it"],
        ),
        (f"{A}\n{B[:-1]}\n{C}\n{A}", [A, "the record has no end", C, A]),
        (
            f'{A}\n{B[:-2]}\r\n {C}\n{{"x": [\n{B}\n,\n{C}]}}',
            [A, "the record has no end", C, f'{{"x": [\n{B}\n,\n{C}]}}'],
        ),
        (f'{A}\n{{"x":\n{B}, "y": 1\n{C}', [A, "the record has no end", C]),
        (f"{{\n{{\n{paged(A, B)}", ["the record has no end", "the record has no end", A, B]),
        (paged(A, B[:-1], C), [A, f"{B[:-1]}, {C}]}}", "the list of records has no end"]),
        (f"{paged(A)[:-2]}, {B[:-1]}\n{C}]}}", [A, "the record has no end", C]),
        (paged(A)[:-2], [A, "the list of records has no end"]),
        (f"{paged(A)[:-2]}}}{B}", [A, "the list of records has no end", B]),
        (paged(A)[:-1], [A, "the answer has no end"]),
        (f"[{A}, {B}", [A, B, "the list of records has no end"]),
        (f'{{"results": [{A}], {B}, {C}]}}', [A, B, C, "text between records"]),
        (f'{{"results": [{A}], "meta": [{B}], "n": 1 {C}, "x" {B}}}', [A, C, "text between records", B]),
        (f'{{"results": [{A}]], "results" : [{B}], "results": {C}}}', [A, "text between records", B]),
        (f'{{"results": [{A}], "meta": {{"x": [', [A, "the answer has no end"]),
        (f'{{"results": [{A}, null, {B}, "x"]}}', [A, "text between records", B, "text between records"]),
        (f'{A} "no end', [A, "text between records"]),
    ],
)
def test_what_stands_behind_the_first_answer_is_read_or_told(text, told):
    data = text.encode()
    assert [problem or record.decode() for record, problem in cut(data)] == told
    assert count_objects(io.BytesIO(data)) == len(told)


TOKENS = [
    '{"a":1}',
    "\n",
    '\n{"a":',
    "{",
    "}",
    '"',
    "]",
    "[",
    ",",
    "x",
    "\\",
    '{"results":[',
    '"results"',
    ":",
    " ",
    "]}",
    "\ufeff",
]


MORE = [
    '"results" : [',
    '{"meta":{"results":{"n":1}},"results":[',
    '\\"',
    '],"m":',
    '"k":{"a":',
    "]],",
    '],"results":[',
]


@given(st.lists(st.sampled_from([*TOKENS, *MORE]), max_size=14), st.sampled_from([1, 7, 1000]))
def test_the_counter_which_shares_no_code_agrees_on_any_text(tokens, piece):
    data = "".join(tokens).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "CHUNK_BYTES", piece)
        assert count_objects(Dripping(data, 8 - piece if piece < 8 else piece)) == len(cut(data))


def test_a_record_that_is_too_long_is_told_and_the_next_one_is_read(monkeypatch):
    monkeypatch.setattr(limits, "RECORD_BYTES", 5_000)
    monkeypatch.setattr(cutting, "CHUNK_BYTES", 1_000)
    long = json.dumps({"a": [{"b": "x" * 100}] * 200})
    data = f'{{"results": [{A}, {long}, {B}]}}'.encode()
    assert [problem[:8] or record.decode() for record, problem in cut(data)] == [A, "a record", B]
    assert count_objects(io.BytesIO(data)) == 3
    with pytest.raises(Refused, match="no record"):
        cut(b'"' + b"x" * 9_000)
