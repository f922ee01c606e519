"""Records of JSON cut out of a stream: counted by their braces, each parsed apart."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.json import listed, parsed, records, texts

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
