"""Results on the screen and for other programs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.output.render import RenderError, check, render, show, style_of

RESULT = pa.table(
    {
        "name": ["A, B", None, 'say "x"'],
        "n": pa.array([1, None, 3], pa.int64()),
        "sum": pa.array([Decimal(2**70), None, Decimal(1)], pa.decimal128(38, 0)),
        "share": [0.5, float("nan"), None],
        "is_new": [True, False, None],
        "codes": [["x", None, "y"], [], None],
        "day": [dt.date(2024, 2, 29), None, dt.date(2024, 3, 1)],
    }
)


def test_csv_is_read_by_other_programs(tmp_path):
    render(RESULT, "csv", tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").open(newline="")))
    assert [r["is_new"] for r in rows] == ["TRUE", "FALSE", ""]
    assert [r["codes"] for r in rows] == ["x||y", "", ""]
    assert [r["name"] for r in rows] == ["A, B", "", 'say "x"']
    read = pd.read_csv(tmp_path / "x.csv", nrows=2)
    assert read["is_new"].dtype == bool
    assert read["day"][0] == "2024-02-29"


def test_json_is_a_list_of_objects(tmp_path):
    render(RESULT, "json", tmp_path / "x.json")
    rows = json.loads((tmp_path / "x.json").read_text())
    assert rows[0] == {
        "name": "A, B",
        "n": 1,
        "sum": 2**70,
        "share": 0.5,
        "is_new": True,
        "codes": ["x", None, "y"],
        "day": "2024-02-29",
    }
    assert rows[1]["share"] is None
    render(RESULT.slice(0, 0), "json", tmp_path / "none.json")
    assert json.loads((tmp_path / "none.json").read_text()) == []


def test_parquet_comes_back_the_same(tmp_path):
    import pyarrow.parquet as pq

    render(RESULT, "parquet", tmp_path / "x.parquet")
    assert pq.read_table(tmp_path / "x.parquet").schema == RESULT.schema


def test_a_wide_row_is_shown_record_by_record_with_every_name_and_value_whole():
    wide = pa.table({f"a_rather_long_name_{i}": [f"value {i}", "[bold]not markup"] for i in range(40)})
    shown = io.StringIO()
    show(wide, shown)
    for i in range(40):
        assert f"a_rather_long_name_{i} " in shown.getvalue()
        assert f" value {i}\n" in shown.getvalue()
    assert "[bold]not markup" in shown.getvalue()
    assert "row 2" in shown.getvalue()


def test_a_narrow_result_is_a_table_unless_asked_otherwise():
    for is_vertical in (False, True):
        shown = io.StringIO()
        show(pa.table({"substance": ["A"], "n": [3]}), shown, is_vertical)
        assert ("row 1" in shown.getvalue()) is is_vertical


def test_what_is_not_shown_is_told():
    shown = io.StringIO()
    show(pa.table({"n": range(1_000)}), shown)
    assert "1,000 rows; the first 200 are shown" in shown.getvalue()
    shown = io.StringIO()
    show(pa.table({"n": pa.array([], pa.int64())}), shown)
    assert "n" in shown.getvalue()


def test_what_can_t_be_written_is_refused_before_the_work(tmp_path):
    with pytest.raises(RenderError, match="needs a file"):
        check("parquet", None)
    with pytest.raises(RenderError, match="none of table, vertical, csv, json, parquet"):
        check("xml", None)
    with pytest.raises(RenderError, match="no folder"):
        check("csv", tmp_path / "missing" / "x.csv")
    with pytest.raises(RenderError, match="ends in none of"):
        style_of(tmp_path / "x.xlsx")
    assert style_of(tmp_path / "x.CSV") == "csv"
