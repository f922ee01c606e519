"""The register of GMO files: numbers that meet, rows put aside with their reason, and the simulated files."""

from __future__ import annotations

import datetime as dt
import io
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.rules import judged
from pipelines.defs.sources.gmo_register import read
from pipelines.defs.sources.gmo_register import tables as t
from pipelines.files.text import Refused
from pipelines.simulator import access, gmo
from pipelines.simulator.world import build
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
STEPS = ",".join(t.GmoFileStep.source_columns()) + "\n"
FILE = "{},human,release,,GT 101,AAV,HBB,1,ACME\n"
FILES = ",".join(t.GmoFile.source_columns()) + "\n"


def test_a_file_without_numbers_is_refused():
    with pytest.raises(Refused, match="notification_number"):
        rows_of(read, t.GmoFileStep, STEPS.replace("notification_number", "no").encode())
    assert t.GmoFileSample.files.owns("gmo_register/2024-06-30/samples.csv")


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("B/FR/24,filed,ANSM,2024-01-10,,x", "notification_number"),
        ("B/FR/24/7,posted,ANSM,2024-01-10,,x", "step"),
        ("B/FR/24/7,filed,HCB,2024-01-10,,x", "agency"),
        ("B/FR/24/7,filed,ANSM,10/01/2024,,x", "day"),
    ],
)
def test_a_step_that_can_not_be_placed_is_put_aside_with_the_rule(line, rule):
    data = (STEPS + "b/fr/2024/07,Filed,ansm,2024-01-10,,x\n" + line + "\n").encode()
    told = judged(pa.concat_tables(read.read(io.BytesIO(data), "x", t.GmoFileStep)), t.GmoFileStep).to_pylist()
    assert [(r["line_number"], r["reason"]) for r in told] == [
        (2, None),
        (3, f"it breaks the rule {rule}_matches_pattern"),
    ]


@given(
    st.lists(
        st.sampled_from(
            ["B/FR/24/7,filed,ANSM,2024-01-10,,", "", "a,b", '"x', "B/FR/24/7,,,,,", "\xa0", "x,y,z,1,2,3"]
        ),
        max_size=7,
    )
)
def test_any_lines_are_kept_or_put_aside(lines):
    assert is_balanced(read, t.GmoFileStep, (STEPS + "".join(f"{line}\n" for line in lines)).encode())


@pytest.mark.spark
def test_spellings_of_a_number_are_one_file(spark):
    days = (D(2024, 1, 31), D(2024, 2, 29), D(2024, 3, 31))
    written = ("B/FR/24/7", "B/FR/24/07", "b/fr/2024/07")
    states = {f"gmo_register/{i}.csv": ((FILES + FILE.format(n)).encode(), days[i]) for i, n in enumerate(written)}
    tables = {t.GmoFile.address(): bronze_frame(spark, t.GmoFile, read.read, states)}
    rows = united(tables, "silver.gmo_procedure", "gmo_register").sort("valid_from").collect()
    assert [(r["gmo_key"], r["number_printed"], r["agency"]) for r in rows] == [
        ("B/FR/24/07", number, "ANSM") for number in written
    ]
    assert [r["is_current"] for r in rows] == [False, False, True]


def test_the_file_of_the_vector_product_is_decided_on_before_its_access():
    world = build(400, 3)
    (vector,) = [r for r in gmo.truth(world) if r["number"] == access.medicines(world)[0].gmo_number]
    days = [vector[f"{name}_date"] for name in ("filed", "complete", "sent", "opinion", "decision")]
    assert [(b - a).days for a, b in pairwise(days)] == [22, 2, 55, 21]
    assert (days[-1] - days[0]).days == 100 and days[-1] < vector["access_begins"]
    (slip,) = [r for r in gmo.truth(world) if r["step_out_of_order"]]
    assert slip["opinion_date"] < slip["filed_date"]
