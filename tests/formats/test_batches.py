"""Batch numbers out of texts: lists, ranges by several marks, hyphens that join nothing, all batches."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.formats.batches import batches, between, key


def named(text: str) -> list[str]:
    return [one.batch for one in batches(text)[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1087203、4087202-4087204", ["1087203", "4087202", "4087203", "4087204"]),
        ("5457至5459與5513", ["5457", "5458", "5459", "5513"]),
        ("TV070073-0075 及 TV070084", ["TV070073", "TV070074", "TV070075", "TV070084"]),
        ("VNT16 I003-I004、 VNT16 K001", ["VNT16 I003", "VNT16 I004", "VNT16 K001"]),
        ("C74-0017~C74-0018，共2批", ["C74-0017", "C74-0018"]),
        ("Lots A100 to A102 and B7", ["A100", "A101", "A102", "B7"]),
        ("295D98E~295E01E", ["295D98E", "295D99E", "295E00E", "295E01E"]),
        ("5 ml包裝批號:13L06B及15K18MA； 15 ml包裝批號:13J21B", ["13L06B", "15K18MA", "13J21B"]),
        ("戒必適膜衣錠 0.5 毫克(批號00019669)", ["00019669"]),
        ("9-06-0005、2038-1537, HK-517;959795-1", ["9-06-0005", "2038-1537", "HK-517", "959795-1"]),
        ("2022-2102、2022-2113", ["2022-2102", "2022-2113"]),
        ("A1、a-1", ["A1"]),
    ],
)
def test_batches_are_listed_and_ranges_counted_out(text, expected):
    assert named(text) == expected


@pytest.mark.parametrize("text", ["效期內全批號", "有效期限2020年01月04日以前之所有批號", "All lots", "全面回收"])
def test_all_batches_are_a_scope_and_no_batch(text):
    assert batches(text) == ("all", [])


def test_what_says_nothing_and_what_names_none_are_told_apart():
    assert [batches(text)[0] for text in (None, " ", "14批庫存", "衛署藥輸字第015930號")] == [
        *("not_said", "not_said", "unread", "unread")
    ]


def test_a_range_that_can_not_be_counted_out_keeps_its_ends():
    assert [(n.batch, n.basis) for n in batches("209202-2093203")[1]] == [
        ("209202", "range_end"),
        ("2093203", "range_end"),
    ]
    assert {n.basis for n in batches("A1~A99999")[1]} == {"range_end"}


@given(st.integers(0, 999_000), st.integers(0, 900))
def test_a_range_of_numbers_is_what_python_counts(first, more):
    assert between(f"L{first:06}", f"L{first + more:06}") == [f"L{n:06}" for n in range(first, first + more + 1)]


@given(st.text(max_size=60))
def test_any_text_is_read_and_names_each_batch_once(text):
    scope, found = batches(text)
    assert (scope == "listed") == bool(found)
    assert len({key(n.batch) for n in found}) == len(found) and all(key(n.batch) for n in found)


@pytest.mark.samples
def test_counts_that_taiwan_prints_are_those_of_the_batches_read(shared):
    cells = {row["批號"] for row in json.loads((shared / "data/tfda_recalls/data.json").read_text())}
    for start, n in (("TA440009-TA440046", 38), ("1000mL", 30), ("250mL", 102), ("E12117-", 83), (" 批號055A16A", 13)):
        (cell,) = [c for c in cells if c and c.startswith(start)]
        assert len(named(cell)) == n, cell
