"""CAERS: vintages, sibling rows, terms with commas, states of a file; and the real supplements of 2012."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.caers import conform, read
from pipelines.defs.sources.caers.simulate import MIDDLE, NEW
from pipelines.defs.sources.caers.tables import CaersRow
from tests.sources.bronze import bronze_frame
from tests.sources.reading import bytes_of, is_balanced, rows_of

D = dt.date
REAL = {"openebgm_caers_2012_supplements.csv": 20_156, "openebgm_caers_raw.csv": 117}


@pytest.mark.parametrize("layout", [read.OLD, MIDDLE, NEW])
def test_every_vintage_comes_to_the_same_columns(layout):
    data = ",".join(layout) + "\n" + ",".join(f"v{c}" for c in layout.values()) + "\n"
    (row,) = rows_of(read, CaersRow, data.encode("utf-8-sig"))
    assert {c: row[c] for c in CaersRow.source_columns()} == {c: f"v{c}" for c in CaersRow.source_columns()}


@given(body=st.lists(st.lists(st.text('ab,;"é\n', max_size=4), min_size=1, max_size=14), max_size=6))
def test_every_row_is_kept_or_rejected(body):
    data = ",".join(MIDDLE) + "\n" + "".join(",".join(row) + "\n" for row in body)
    assert is_balanced(read, CaersRow, data.encode())


def state(*rows: str) -> bytes:
    return (
        "report_id,created_date,product_type,product,product_code,patient_age,age_units,sex,terms,outcomes\n"
        + "\n".join(rows)
        + "\n"
    ).encode()


@pytest.fixture
def tables(spark):
    balm = '1,2/1/2015,SUSPECT,Balm,53,40,year(s),F,"RASH, PRURITUS, NOS",Death'
    oil = '1,2/1/2015,CONCOMITANT,Oil,54,,,,"RASH, PRURITUS, NOS",Death'
    pills = "2,2015-02-03,SUSPECT,Pills,54,6,month(s),M,NAUSEA,Non-Serious"
    files = {
        "caers/caers_2015-03-31.csv": (state(balm, oil, pills), D(2015, 3, 31)),
        "caers/caers_2015-06-30.csv": (state(balm, oil), D(2015, 6, 30)),
    }
    return {CaersRow.address(): bronze_frame(spark, CaersRow, read.read, files)}


@pytest.mark.spark
def test_rows_of_a_report_are_one_case_and_a_missing_report_is_withdrawn(tables):
    rows = {(r["report_key"], r["report_version"]): r for r in conform.report_history(tables).collect()}
    assert len(rows) == 3
    first = rows["caers:1", 1]
    assert (first["domain"], first["sex"], first["age_years"], first["is_death"]) == ("cosmetic", "female", 40, True)
    assert (first["known_from"], first["known_to"], first["received_first_date"]) == (
        D(2015, 2, 1),
        None,
        D(2015, 2, 1),
    )
    assert (rows["caers:2", 1]["domain"], rows["caers:2", 1]["age_years"]) == ("nutrition", 0.5)
    assert (rows["caers:2", 2]["is_retracted"], rows["caers:2", 2]["known_from"]) == (True, D(2015, 6, 30))


@pytest.mark.spark
def test_products_have_their_kind_and_terms_keep_their_commas(tables):
    products = conform.product_as_reported(tables).filter("report_key = 'caers:1'").collect()
    assert {(p["reported_name"], p["role"], p["product_type"]) for p in products} == {
        ("Balm", "suspect", "cosmetic"),
        ("Oil", "concomitant", "food_supplement"),
    }
    events = conform.report_event(tables).filter("report_key = 'caers:1'").collect()
    assert {e["reported_term"] for e in events} == {"RASH", "PRURITUS, NOS"}


@pytest.mark.spark
def test_every_real_row_is_kept_and_pairs_are_those_of_the_file(spark, shared):
    files = {f"caers/{name}": (bytes_of(shared / "data" / "caers" / name), D(2018, 1, 1)) for name in REAL}
    for name, n in REAL.items():
        rows = rows_of(read, CaersRow, files[f"caers/{name}"][0])
        assert len(rows) == n
        assert not [r for r in rows if r["reason"]]
    name = "openebgm_caers_2012_supplements.csv"
    tables = {CaersRow.address(): bronze_frame(spark, CaersRow, read.read, {f"caers/{name}": files[f"caers/{name}"]})}
    products = conform.product_as_reported(tables).select("report_key", "reported_name")
    events = conform.report_event(tables).select("report_key", "reported_term")
    pairs = products.join(events, on="report_key").groupBy("reported_name", "reported_term").count()
    found = {(r[0], r[1]): r[2] for r in pairs.collect()}
    listed = pl.read_csv(shared / "data" / "caers" / name)
    # A report's terms belong to all its products; the listing says the same.
    cross = listed.select("id", "var1").unique().join(listed.select("id", "var2").unique(), on="id")
    told = {(a, b): n for a, b, n in cross.group_by("var1", "var2").len().iter_rows()}
    assert len(told) == listed.select("var1", "var2").unique().height
    assert found == told


def test_years_that_were_joined_are_read_each_by_its_own_header():
    old = "RA_Report #,SYM_One Row Coded Symptoms\n"
    data = f"\ufeffreport_id,terms,product\n1,RASH,TEA\n\ufeff{old}2,NAUSEA\nreport_id,terms,product\n3,PAIN,BAR\nid,x\n".encode()
    rows = rows_of(read, CaersRow, data)
    assert [(r["line_number"], r["reason"]) for r in rows if r["reason"]] == [
        (3, "the header again: no record"),
        (5, "the header again: no record"),
        (7, "3 fields expected, 2 found"),
    ]
    kept = [(r["report_id"], r["terms"], r["product"]) for r in rows if not r["reason"]]
    assert kept == [("1", "RASH", "TEA"), ("2", "NAUSEA", None), ("3", "PAIN", "BAR")]
    assert is_balanced(read, CaersRow, data)
