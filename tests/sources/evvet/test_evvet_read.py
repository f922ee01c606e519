"""EVVet listings as bytes."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.evvet import SOURCE
from pipelines.defs.sources.evvet.read import COLUMNS, count, read
from pipelines.defs.sources.evvet.tables import EvvetCase
from pipelines.files.text import Refused
from tests.sources.evvet.listings import CASE, listing


def rows_of(data):
    return pa.concat_tables([*read(io.BytesIO(data), "evvet/librela-2024.csv", EvvetCase)]).to_pylist()


def n_of(data):
    return count(io.BytesIO(data), "evvet/librela-2024.csv", EvvetCase)


def test_the_byte_order_mark_is_no_part_of_the_first_column_and_all_is_kept_as_sent():
    (row,) = rows_of(listing({}))
    assert {k: row[c] for k, c in COLUMNS.items()} == CASE
    assert (row["line_number"], row["reason"]) == (2, None)


def test_a_line_end_within_quotes_is_part_of_the_record():
    data = listing({"Breed": "Cat\r\n(other)"}, {})
    assert [r["line_number"] for r in rows_of(data)] == [2, 4]
    assert n_of(data) == 2


def test_a_record_with_a_field_missing_is_rejected_with_both_numbers():
    data = listing({}) + b"X-1,link,2024-01-01 00:00:00\r\n"
    assert [r["reason"] for r in rows_of(data)] == [None, "13 fields expected, 3 found"]
    assert n_of(data) == 2


def test_a_stray_carriage_return_rejects_its_line_alone():
    data = listing({}) + b"X-1,li\rnk\r\n" + listing({})[len(listing()) :]
    rows = sorted(rows_of(data), key=lambda r: r["line_number"])
    assert [r["reason"] is None for r in rows] == [True, False, True]
    assert rows[1]["raw"] == "X-1,li\rnk"
    assert n_of(data) == 3


def test_a_file_cut_within_a_quoted_field_loses_its_last_record_to_quarantine():
    whole = listing({}, {})
    data = whole[: whole.rindex(b"Metacam")]
    assert [r["reason"] for r in rows_of(data)] == [None, "a quoted field without end"]
    assert n_of(data) == 2


def test_a_quoted_first_column_is_read_and_counted():
    data = b'\xef\xbb\xbf"Case number"' + listing({"Breed": ""})[len("\ufeffCase number".encode()) :]
    assert len(rows_of(data)) == n_of(data) == 1


@pytest.mark.parametrize(
    ("header", "said"),
    [((*COLUMNS, "Narrative"), "Narrative"), (tuple(COLUMNS)[:-1], "Animals died"), (("x",), "in place 1")],
)
def test_a_header_of_another_layout_is_refused_by_name(header, said):
    with pytest.raises(Refused, match=said):
        rows_of(listing(header=header))


@pytest.mark.parametrize(
    ("path", "date"),
    [("evvet/librela-2021.csv", None), ("evvet/snapshots/2024-07-13/librela-2021.csv.gz", "2024-07-13")],
)
def test_the_extraction_date_stands_in_the_folder_never_in_the_year_of_the_file(path, date):
    stated = SOURCE.known_date(path)
    assert (stated and stated.isoformat()) == date
    assert EvvetCase.files.owns(path)
    assert not EvvetCase.files.owns("veddra/combined_veddra_list.csv")


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_refusing(data):
    for candidate in (data, listing() + data):
        try:
            read_tables = list(read(io.BytesIO(candidate), "evvet/x.csv", EvvetCase))
        except Refused:
            continue
        assert all(t.schema.names[-1] == "raw" for t in read_tables)


@given(st.lists(st.sampled_from(["a", ",", '"', "\r\n", "\n", " ", "é", "(", '""']), max_size=40).map("".join))
def test_kept_and_rejected_are_what_was_counted_however_broken_the_lines(body):
    data = listing({}) + body.encode()
    assert sum(t.num_rows for t in read(io.BytesIO(data), "evvet/x.csv", EvvetCase)) == n_of(data)


@pytest.mark.samples
def test_the_six_real_year_files_hold_14954_cases_and_all_files_are_read_whole(shared):
    folder = shared / "data" / "evvet"
    year_files = sorted(folder.glob("*.csv"))
    assert sum(len(rows_of(p.read_bytes())) for p in year_files) == 14_954
    for path in [*year_files, *folder.glob("snapshots/*/*.csv.gz")]:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows = rows_of(data)
        assert all(r["reason"] is None for r in rows)
        assert len(rows) == n_of(data) == len({r["case_number"] for r in rows}) == data.count(b"\r\n")
