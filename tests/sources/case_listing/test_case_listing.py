"""Case listings: columns of one's own, versions by file name, pseudonyms."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.case_listing import conform, mappings, read
from pipelines.defs.sources.case_listing.tables import CaseListingRow
from pipelines.files.text import Refused
from pipelines.formats.domains import DOMAINS, in_charge
from pipelines.settings import CaseListing
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date
NAME = "case_listing/mine.csv"


def test_a_users_mapping_wins_over_the_built_in_ones():
    own = CaseListing(files=r"mine\.csv$", case_id="No", product="Drug", event="PT", delimiter=";")
    assert mappings.mapping_of(NAME, [own]) == own
    assert mappings.mapping_of(NAME, []) == mappings.BUILT_IN[0]
    assert mappings.mapping_of("faers/pvLRT/faers22q3raw.csv.gz", []).case_id == "CASEID"
    assert mappings.mapping_of("faers/other.csv", []) is None


def test_columns_are_found_by_name_others_are_left_and_quoted_commas_kept():
    data = b'extra,event,case_id,product,received_date\nx,"Pain, back",1,A,2024-01-02\n,Rash,2\n'
    rows = rows_of(read, CaseListingRow, data, NAME)
    assert (rows[0]["case_id"], rows[0]["event"], rows[0]["received_date"]) == ("1", "Pain, back", "2024-01-02")
    assert rows[0]["domain"] == "human"
    assert rows[1]["reason"] == "5 fields expected, 3 found"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_listing_as_a_french_excel_writes_it_is_read_and_counted(delimiter):
    data = 'case_id;product;event\n1;A;"Rash;\nPain"\n;;\n2;B;Rash\n'.replace(";", delimiter).encode()
    assert [r["reason"] for r in rows_of(read, CaseListingRow, data, NAME)] == [None, None]
    assert is_balanced(read, CaseListingRow, data, NAME)


def test_a_missing_column_is_named():
    with pytest.raises(Refused, match="'event'"):
        list(read.read(io.BytesIO(b"case_id,product,received_date\n1,A,\n"), NAME, CaseListingRow))


@given(st.lists(st.lists(st.text("ab,;é ", max_size=4), min_size=1, max_size=6), max_size=10))
def test_every_line_is_kept_or_rejected(lines):
    data = "case_id,product,event,received_date\n" + "".join(",".join(x) + "\n" for x in lines)
    assert is_balanced(read, CaseListingRow, data.encode(), NAME)


@pytest.mark.spark
def test_a_later_file_of_the_name_adds_changes_and_withdraws_cases(spark):
    head = "case_id,product,event,received_date\n"
    first, second = D(2024, 1, 31), D(2024, 2, 29)
    files = {
        "case_listing/2024-01-31/mine.csv": (
            f"{head}1,A,Rash,\n1,B,Rash,\n2,A,Pain,\n3,A,Pain,2024-01-05\n".encode(),
            first,
        ),
        "case_listing/2024-02-29/mine.csv": (f"{head}1,A,Rash,\n1,B,Pain,\n3,A,Pain,2024-01-05\n".encode(), second),
    }
    tables = {conform.ROWS: bronze_frame(spark, CaseListingRow, read.read, files)}
    history = {(r["source_case_id"], r["report_version"]): r for r in conform.report_history(tables).collect()}
    assert {k: (v["known_from"], v["known_to"], v["is_retracted"]) for k, v in history.items()} == {
        ("mine/1", 1): (first, second, False),
        ("mine/1", 2): (second, None, False),
        ("mine/2", 1): (first, second, False),
        ("mine/2", 2): (second, None, True),
        ("mine/3", 1): (D(2024, 1, 5), None, False),
    }
    events = sorted(
        (r["report_key"], r["report_version"], r["reported_term"]) for r in conform.report_event(tables).collect()
    )
    assert ("case_listing:mine/1", 2, "Pain") in events
    assert len([e for e in events if e[0].endswith("/1")]) == 3


def test_case_numbers_are_declared_identifying():
    assert CaseListingRow.columns["case_id"].sensitivity == "identifying"


@pytest.mark.samples
def test_the_real_listing_is_read_whole(shared):
    data = bytes_of(shared / "data/faers/pvLRT/faers22q3raw.csv.gz")
    rows = rows_of(read, CaseListingRow, data, "faers/pvLRT/faers22q3raw.csv.gz")
    assert len(rows) == 496_312
    assert {r["reason"] for r in rows} == {None}
    assert len({r["case_id"] for r in rows}) == 215_867


def test_the_date_of_receipt_may_be_missing():
    (row,) = rows_of(read, CaseListingRow, b"case_id,product,event\n1,A,Rash\n", NAME)
    assert (row["event"], row["received_date"]) == ("Rash", None)


@pytest.mark.spark
def test_every_vigilance_is_of_the_agency_in_charge(spark):
    rows = spark.createDataFrame([(d,) for d in DOMAINS], "domain string").select(
        "domain", in_charge("domain").alias("of")
    )
    found = {r["domain"]: r["of"] for r in rows.collect()}
    assert found == {"human": "ANSM"} | dict.fromkeys(("veterinary", "cosmetic", "tattoo", "nutrition"), "ANSES")
