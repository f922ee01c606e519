"""VeDDRA lists as bytes: CSV and workbook, whole and broken."""

from __future__ import annotations

import io

import openpyxl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.veddra.read import COLUMNS, count, read
from pipelines.defs.sources.veddra.tables import VeddraTerm
from pipelines.files.text import Refused

CELLS = [
    "1",
    "400004",
    "Respiratory tract disorders",
    "18",
    "Cough",
    "140",
    "Cough",
    "511",
    "Cough, hacking",
    "1511",
    "C",
]
HEADER = ",".join(COLUMNS)


def csv_file(*lines, header=HEADER, end="\n"):
    return (end.join([header, *lines]) + end).encode()


def workbook(*rows, header=tuple(COLUMNS)):
    book = openpyxl.Workbook()
    for row in (header, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(data, name="veddra/combined_veddra_list.csv"):
    return pa.concat_tables([*read(io.BytesIO(data), name, VeddraTerm)]).to_pylist()


def line(*cells):
    return ",".join(f'"{c}"' if "," in c else c for c in cells)


def test_a_term_with_a_comma_is_one_field():
    (row,) = rows_of(csv_file(line(*CELLS)))
    assert (row["llt_name"], row["llt_code"], row["term_type"], row["line_number"]) == (
        "Cough, hacking",
        "1511",
        "C",
        2,
    )


def test_the_two_line_number_columns_differ_by_case_alone_and_the_first_may_end_in_a_blank():
    (row,) = rows_of(csv_file(line(*CELLS), header=HEADER.replace("No.", "No. ", 1)))
    assert (row["new_line_no"], row["line_id"]) == ("1", "400004")


def test_a_record_cut_short_is_rejected_with_its_text():
    good, bad = rows_of(csv_file(line(*CELLS), "2,400005,Death"))
    assert good["reason"] is None
    assert (bad["reason"], bad["raw"], bad["line_number"]) == ("11 fields expected, 3 found", "2,400005,Death", 3)


def test_a_workbook_gives_the_same_records_as_the_csv_numbers_as_whole_numbers():
    cells = [int(c) if c.isdigit() else c for c in CELLS]
    data = workbook(cells, [float(c) if isinstance(c, int) else c for c in cells])
    first, second = rows_of(data, "veddra/list.xlsx")
    assert [first[c] for c in COLUMNS.values()] == CELLS == [second[c] for c in COLUMNS.values()]
    assert (first["line_number"], second["line_number"]) == (2, 3)


def test_blank_rows_of_a_workbook_are_no_records_and_keep_the_numbering():
    data = workbook(CELLS, [None] * 11, CELLS)
    assert [r["line_number"] for r in rows_of(data, "veddra/list.xlsx")] == [2, 4]
    assert count(io.BytesIO(data), "veddra/list.xlsx", VeddraTerm) == 2


@pytest.mark.parametrize("name", ["veddra/list.csv", "veddra/list.xlsx"])
def test_another_header_is_refused_by_name(name):
    header = [*COLUMNS][:-1]
    data = workbook(CELLS, header=header) if name.endswith("xlsx") else csv_file(header=",".join(header))
    with pytest.raises(Refused, match="Current Term Type"):
        list(read(io.BytesIO(data), name, VeddraTerm))


@given(st.binary(max_size=400), st.sampled_from(["veddra/list.csv", "veddra/list.xlsx"]))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_refusing(data, name):
    for candidate in (data, csv_file() + data, b"PK\x03\x04" + data):
        try:
            read_tables = list(read(io.BytesIO(candidate), name, VeddraTerm))
        except Refused:
            continue
        assert all(t.schema.names[0] == "line_number" for t in read_tables)


@given(st.lists(st.lists(st.sampled_from(["", "a", "b,c", '"', "é\nx"]), min_size=1, max_size=13), max_size=6))
def test_kept_and_rejected_are_what_was_counted(records):
    quoted = [",".join('"' + f.replace('"', '""') + '"' for f in record) for record in records]
    data = csv_file(*quoted, end="\r\n")
    n_read = sum(t.num_rows for t in read(io.BytesIO(data), "veddra/list.csv", VeddraTerm))
    assert n_read == count(io.BytesIO(data), "veddra/list.csv", VeddraTerm) == sum(any(r) for r in records)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("file", "n"),
    [("combined_veddra_list.csv", 2831), ("combined-veddra-list.xlsx", 2831), ("veddra_animal_common.csv", 2652)],
)
def test_the_real_lists_are_read_whole(shared, file, n):
    data = (shared / "data" / "veddra" / file).read_bytes()
    rows = rows_of(data, f"veddra/{file}")
    assert VeddraTerm.files.owns(f"veddra/{file}")
    assert [r["reason"] for r in rows if r["reason"]] == []
    assert len(rows) == count(io.BytesIO(data), f"veddra/{file}", VeddraTerm) == n
    assert all(r["llt_code"].isdigit() for r in rows)
