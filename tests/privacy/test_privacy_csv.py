"""Privacy 7: a cell that begins a formula is neutralised in every CSV that leaves; numbers stay numbers."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipelines.analyse.files import write
from pipelines.output.cells import inert
from pipelines.output.render import render

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\uff1d1+1",
    "\uff20SUM(1)",
    " =1",
    "\ufeff=1",
]
HOSTILE += ["\uff0b1+1", "\uff0d1+1", "\xa0=1", "a;=1+1", "a\n=1", "-", "=", "\x00=1"]
HARMLESS = ["-1.5", "+3", "-1,5", "-1e-7", "1-2", "IL-2", "a = b", "", "paracetamol", "é", "-.5"]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_a_spreadsheet_would_run_begins_with_an_apostrophe(text):
    cells = re.split(r"[;\n]", inert(text))
    assert all(not cell or cell[0] not in "=+-@\t\r\uff1d\uff0b\uff0d\uff20 \xa0\ufeff\x00" for cell in cells), cells
    assert inert(text).replace("'", "") == text.replace("'", "")


@pytest.mark.parametrize("text", HARMLESS)
def test_numbers_and_other_texts_stay_as_they_are(text):
    assert inert(text) == text


def test_every_csv_of_sql_is_neutral(tmp_path):
    columns = {"=name": HOSTILE, "n": [-1.5] * len(HOSTILE), "lists": [[t] for t in HOSTILE]}
    render(pa.table(columns), "csv", tmp_path / "x.csv")
    rows = list(csv.reader((tmp_path / "x.csv").open(newline="", encoding="utf-8")))
    assert rows[0] == ["'=name", "n", "lists"]
    told = [inert(t.replace("\r", "\n")) for t in HOSTILE]
    assert [r[0] for r in rows[1:]] == told == [r[2] for r in rows[1:]]
    assert {r[1] for r in rows[1:]} == {"-1.5"}


def test_every_csv_of_the_analyses_is_neutral(tmp_path):
    frame = pl.DataFrame({"product": HOSTILE, "a": range(len(HOSTILE)), "ic": [-0.5] * len(HOSTILE)})
    write(frame.with_columns(pl.col("product").cast(pl.Categorical).alias("@class")), tmp_path / "x.csv", None, [])
    rows = list(csv.reader((tmp_path / "x.csv").open(newline="", encoding="utf-8")))
    assert rows[0] == ["product", "a", "ic", "'@class"]
    assert [r[0] for r in rows[1:]] == [inert(t) for t in HOSTILE] == [r[3] for r in rows[1:]]
    assert {r[2] for r in rows[1:]} == {"-0.5"}


def test_no_other_module_writes_a_csv():
    writers = {"pipelines/output/render.py", "pipelines/output/cells.py"}
    inward = (
        "pipelines/files/reading.py",
        "pipelines/simulator/",
        "/simulate.py",
    )  # what is read, and what is simulated
    found = {
        str(path.relative_to(ROOT))
        for package in ("pipelines", "models", "expectations")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\.write_csv\(|csv\.(writer|DictWriter)\(|\.to_csv\(|sink_csv\(|COPY .* TO", path.read_text())
    }
    assert {p for p in found if not any(part in p for part in inward)} == writers
