"""Exports of the atlas: `-` is no value, Greece is EL, counts where they are; the real files."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.ecdc_atlas import read
from pipelines.defs.sources.ecdc_atlas.tables import AtlasIndicator
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date(2025, 11, 18)
HEADER = '"HealthTopic","Population","Indicator","Unit","Time","RegionCode","RegionName","NumValue","TxtValue"\n'
LINE = '"AMR","{}","{}","%","2020","{}","Somewhere",{},""\n'
SHARE = "R - resistant isolates, percentage  "


def isolates(spark, *files):
    named = {f"ecdc_atlas/{i}.csv": (data, D) for i, data in enumerate(files)}
    frame = bronze_frame(spark, AtlasIndicator, read.read, named)
    return united({AtlasIndicator.address(): frame}, "silver.isolate_count", "ecdc_atlas").collect()


@pytest.mark.spark
def test_a_dash_is_no_value_and_counts_stand_where_they_are(spark):
    bug = "Staphylococcus aureus|Meticillin (MRSA)"
    lines = [
        LINE.format(bug, SHARE, "EL", "-"),
        LINE.format(bug, SHARE, "UK", "12.5"),
        LINE.format(bug, SHARE, "EU", "0"),
    ]
    lines += [
        LINE.format(bug, "Total tested isolates", "AT", "800"),
        LINE.format(bug, "R - resistant isolates", "AT", "40"),
    ]
    lines += [LINE.format(bug, "Completeness age", "AT", "99"), LINE.format("x|Moonlight", SHARE, "AT", "1")]
    data = (HEADER + "".join(lines)).encode()
    assert is_balanced(read, AtlasIndicator, data)
    rows = {r["country"]: r for r in isolates(spark, data)}
    assert {c: (r["published_share"], r["n_resistant"], r["n_tested"]) for c, r in rows.items()} == {
        "GR": (None, None, None),
        "GB": (0.125, None, None),
        "EU": (0.0, None, None),
        "AT": (None, 40, 800),
    }


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_exports(spark, shared):
    folder = shared / "data/ecdc_atlas"
    files = [p.read_bytes() for p in sorted(folder.glob("*.csv"))]
    assert all(is_balanced(read, AtlasIndicator, data) for data in files)
    rows = isolates(spark, *files)
    n_lines = sum(data.count(b"\n") - 1 for data in files)
    assert len(rows) == n_lines == 688 + 30 + 719
    assert sum(r["published_share"] is None for r in rows) == 102 + 3
    assert {r["criterion"] for r in rows if r["class_code"] == "several"} == {"combined"}
    assert not {"EL", "UK"} & {r["country"] for r in rows}


@pytest.mark.samples
@pytest.mark.spark
def test_a_year_that_the_export_lacks_is_a_gap(spark, shared):
    path = shared / "data/ecdc_atlas/KLEPNE_carbapenems.csv"
    if not path.is_file():
        pytest.skip(f"{path.name} is not here")
    rows = isolates(spark, path.read_bytes())
    assert 2023 not in {int(r["period"]) for r in rows if r["country"] == "FR"}
