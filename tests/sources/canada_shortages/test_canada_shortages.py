"""Drug Shortages Canada: two tables in one file, texts escaped twice, a web page that ends nothing."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.defs.sources.canada_shortages import conform, read
from pipelines.defs.sources.canada_shortages.simulate import SHORTAGES, STOPS
from pipelines.defs.sources.canada_shortages.tables import CanadaShortage
from pipelines.files.text import Refused
from pipelines.intake.landing import head_problem
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
ONE = "{},02303299,Shortage,AC&amp;amp;C,PHARMA,AC,ASA CODEINE,1MG,100,ORAL,{},TABLET,N02AJ,OPIOIDS,,{},,{},A reason.,2017-03-31,"
STOP = "{},02303299,Discontinuation,AC,PHARMA,AC,ASA,1MG,100,ORAL,discontinued,TABLET,N02AJ,OPIOIDS,2017-03-30,No,B,2017-03-31,"


def export(*lines: str, stops: tuple[str, ...] = ()) -> bytes:
    told = ["Shortage Reports,", SHORTAGES, *lines, "  Discontinuation Reports,", STOPS, *stops]
    return ("".join(f"      {line}\n" for line in told) + "  \n").encode()


def test_each_line_is_read_below_its_own_header():
    data = export(ONE.format(1, "resolved", "2017-01-02", ""), "2,too,short,", stops=(STOP.format(3),))
    first, short, stop = rows_of(read, CanadaShortage, data)
    assert (first["report_id"], first["start_date"], first["discontinuation_date"]) == ("1", "2017-01-02", None)
    assert (stop["status"], stop["discontinuation_date"], stop["stated_reason"]) == ("discontinued", "2017-03-30", "B")
    assert short["reason"] == "20 fields expected, 3 found"
    assert is_balanced(read, CanadaShortage, data)


@pytest.mark.parametrize("data", [b"a,b,c\n", b"Shortage Reports,\n", b"Shortage Reports,\nReport ID,Colour,\n1,2,\n"])
def test_what_is_no_export_is_refused(data):
    with pytest.raises(Refused):
        rows_of(read, CanadaShortage, data)


@given(st.lists(st.sampled_from([ONE.format(1, "x", "", ""), "", " ", "a,b", "\t,", "x" * 90, "\xa0"]), max_size=8))
def test_any_lines_are_kept_or_put_aside(lines):
    assert is_balanced(read, CanadaShortage, export(*lines))


@pytest.mark.samples
@pytest.mark.parametrize(("day", "n", "n_stops"), [("2017-12-12", 3647, 523), ("2017-12-29", 3753, 533)])
def test_every_row_of_the_real_exports_is_kept(shared, day, n, n_stops):
    data = (shared / f"data/canada_shortage_snapshots/export_{day}.csv").read_bytes()
    rows = rows_of(read, CanadaShortage, data)
    assert Counter((r["report_type"], r["reason"]) for r in rows) == {
        ("Shortage", None): n,
        ("Discontinuation", None): n_stops,
    }
    assert CanadaShortage.files.owns(f"canada_shortage_snapshots/export_{day}.csv")
    assert is_balanced(read, CanadaShortage, data)


@pytest.mark.samples
def test_the_real_web_page_is_refused_whole_by_its_head_and_by_the_reader(shared):
    data = (shared / "data/canada_shortage_snapshots/export_2018-06-08_is_an_html_error_page.csv").read_bytes()
    assert "web page" in (head_problem(data[:4096]) or "")
    with pytest.raises(Refused):
        rows_of(read, CanadaShortage, data)


def shortages(spark, files):
    tables = {CanadaShortage.address(): bronze_frame(spark, CanadaShortage, read.read, files)}
    return conform.shortage(tables)


@pytest.mark.spark
def test_an_export_without_one_table_ends_nothing_of_it(spark):
    whole = export(ONE.format(1, "active_confirmed", "0201-11-03", ""), stops=(STOP.format(3),))
    alone = whole[: whole.index(b"  Discontinuation")].replace(b"active_confirmed", b"resolved")
    files = {"export_1.csv": (whole, D(2017, 12, 12)), "export_2.csv": (alone, D(2017, 12, 29))}
    found = {(r["notice_id"], r["valid_from"]): r for r in shortages(spark, files).collect()}
    stop, first, second = found["3", D(2017, 12, 12)], found["1", D(2017, 12, 12)], found["1", D(2017, 12, 29)]
    assert (stop["status"], stop["is_current"], stop["resupply_date"]) == ("discontinued", True, D(2017, 3, 30))
    assert (first["valid_to"], first["status"], second["status"]) == (D(2017, 12, 29), "shortage", "resupplied")
    assert (first["start_date"], first["product_name"], first["episode_key"]) == (None, "AC&C", second["episode_key"])


@pytest.mark.samples
@pytest.mark.spark
def test_two_real_exports_are_versions_of_reports(spark, shared):
    base = shared / "data/canada_shortage_snapshots"
    days = (D(2017, 12, 12), D(2017, 12, 29))
    rows = shortages(spark, {f"export_{d}.csv": ((base / f"export_{d}.csv").read_bytes(), d) for d in days})
    rows.createOrReplaceTempView("canada")
    asked = spark.sql("""
        SELECT count(DISTINCT notice_id) AS reports, count(DISTINCT notice_id) FILTER (WHERE is_current) AS current,
            count(*) FILTER (WHERE year(start_date) < 1900) AS of_year_201,
            count(*) FILTER (WHERE product_name LIKE '%&amp%') AS escaped FROM canada""").first()
    moved = spark.sql("""SELECT count(*) AS n FROM (SELECT notice_id FROM canada WHERE status NOT LIKE 'discontinu%'
        GROUP BY notice_id HAVING count(DISTINCT status) > 1)""").first()
    assert (asked["current"], asked["of_year_201"], asked["escaped"]) == (3753 + 533, 0, 0)
    assert (asked["reports"], moved["n"]) == (4288, 207)
