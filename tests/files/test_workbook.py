"""Workbooks: rows as they are filled, whatever else the file holds, counted by what shares no code with the reader."""

from __future__ import annotations

import io
import re
import time
import zipfile

import openpyxl
import pytest

from pipelines.core.table import BronzeTable, text
from pipelines.files.counting import count_workbook
from pipelines.files.text import Refused
from pipelines.files.workbook import read_workbook

NAMES = ("case_id", "product", "event")


class Row(BronzeTable):
    """Three fields."""

    name = "row"
    source = "toy"
    case_id = text("Case")
    product = text("Product")
    event = text("Event")


def book(*rows: tuple, sheets: tuple[str, ...] = ("Data",)) -> bytes:
    found = openpyxl.Workbook()
    found.active.title = sheets[0]
    for name in sheets[1:]:
        found.create_sheet(name).append(["another", "sheet"])
    for row in rows:
        found.active.append(row)
    out = io.BytesIO()
    found.save(out)
    return out.getvalue()


def changed(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The same workbook with something else in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as other:
        for member in archive.namelist():
            held = archive.read(member)
            other.writestr(member, re.sub(old, lambda _: new, held, count=1) if member == part else held)
    return out.getvalue()


def rows(data: bytes) -> list[tuple]:
    tables = list(read_workbook(io.BytesIO(data), Row, {n: n for n in NAMES}))
    found = [tuple(r[n] for n in ("line_number", *NAMES)) for t in tables for r in t.to_pylist()]
    assert count_workbook(io.BytesIO(data)) == len(found)
    return found


@pytest.mark.parametrize("blank", [(), (None,), (" ", "", None), ("\u00a0", "\u3000\t", "\ufeff"), (None,) * 30])
def test_rows_of_blanks_are_no_records(blank):
    data = book(blank, NAMES, (1, "A", "Rash"), blank, blank, ("2", None, "Pain"), blank)
    assert [r[1:] for r in rows(data)] == [("1", "A", "Rash"), ("2", None, "Pain")]


def test_of_several_sheets_the_first_that_is_listed_is_read():
    data = book(NAMES, (1, "A", "Rash"), sheets=("Data", *(f"s{i}" for i in range(10))))
    swapped = changed(data, "xl/workbook.xml", rb'(?s)(<sheet [^>]*name="Data"[^>]*/>)', b"")
    assert len(rows(data)) == 1
    with pytest.raises(Refused, match="missing"):
        rows(swapped)


def test_texts_within_cells_and_cells_that_say_nothing():
    inline = b'<c r="A2" t="inlineStr"><is><t>7</t></is></c><c r="B2" t="inlineStr"><is><t> </t></is></c>'
    data = book(NAMES, (1, "A", "Rash"))
    assert rows(changed(data, "xl/worksheets/sheet1.xml", rb'<c r="A2".*?</c>', inline)) == [(2, "7", "A", "Rash")]
    empty = changed(
        data, "xl/worksheets/sheet1.xml", rb'(?s)<row r="2".*?</row>', b'<row r="2"><c r="A2"><v/></c></row>'
    )
    assert rows(empty) == []


def test_a_workbook_that_expands_without_measure_is_refused_at_once():
    filler = b"<!--" + b" " * 60_000_000 + b"-->"
    bomb = changed(book(NAMES, (1, "A", "Rash")), "xl/workbook.xml", rb"\Z", filler)
    start = time.monotonic()
    with pytest.raises(Refused, match="bomb"):
        rows(bomb)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("cell", [b"ZZZZZZ2", b"A99999999", b"A1200000"])
def test_cells_beyond_what_a_sheet_may_have_take_no_memory(cell):
    data = changed(book(NAMES, (1, "A", "Rash")), "xl/worksheets/sheet1.xml", rb'"A2"', b'"' + cell + b'"')
    with pytest.raises(Refused, match="beyond"):
        rows(data)


@pytest.mark.parametrize(("old", "new"), [(b'<row r="3"', b'<row r="2"'), (b'<row r="2"', b'<row r="4"')])
def test_rows_that_are_not_in_their_order_are_not_passed_over(old, new):
    data = book(NAMES, (1, "A", "Rash"), (2, "B", "Rash"))
    with pytest.raises(Refused, match="order"):
        rows(changed(data, "xl/worksheets/sheet1.xml", old, new))


def test_a_workbook_that_is_cut_anywhere_is_refused():
    data = book(NAMES, *[(i, "A", "Rash") for i in range(50)])
    for at in range(0, len(data), 97):
        with pytest.raises(Refused):
            list(read_workbook(io.BytesIO(data[:at]), Row, {n: n for n in NAMES}))
