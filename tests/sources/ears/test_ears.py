"""EARS counts beside use: countries by three letters, no year; the real file."""

from __future__ import annotations

import datetime as dt

import pytest

from pipelines.defs.sources.ears import read
from pipelines.defs.sources.ears.tables import EarsUseResistance
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced

D = dt.date(2018, 12, 18)
HEADER = "country\tbug\tdrug\tn_resistant\tn_isolates\tdid\n"


def isolates(spark, data):
    assert is_balanced(read, EarsUseResistance, data, "ears/x.tsv")
    frame = bronze_frame(spark, EarsUseResistance, read.read, {"ears/x.tsv": (data, D)})
    return united({EarsUseResistance.address(): frame}, "silver.isolate_count", "ears").collect()


@pytest.mark.spark
def test_the_period_is_unstated_where_the_file_states_none(spark):
    told = HEADER + "FRA\tEscherichia coli\tquinolone\t10119\t49538\t1.75\nZZZ\tx\tquinolone\t1\t2\t3\n"
    (row,) = isolates(spark, told.encode())
    assert (row["country"], row["period"], row["period_start"], row["class_code"]) == (
        "FR",
        "unstated",
        None,
        "quinolones",
    )
    dated = HEADER.replace("did", "did\tyear") + "FRA\tEscherichia coli\tquinolone\t1\t2\t3\t2015\n"
    (row,) = isolates(spark, dated.encode())
    assert (row["period"], row["period_start"]) == ("2015", dt.date(2015, 1, 1))


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_counts_of_france(spark, shared):
    data = (shared / "data/swo_amr/ecdc_use_resistance.tsv").read_bytes()
    assert EarsUseResistance.files.owns("ears/2018/ecdc_use_resistance.tsv")
    rows = isolates(spark, data)
    assert len(rows) == 82
    (row,) = (r for r in rows if r["country"] == "FR" and r["bacterium"] == "Escherichia coli")
    assert (row["n_resistant"], row["n_tested"], row["exposure"]) == (10119, 49538, 1.75)
    assert row["exposure_kind"] == "ddd_per_1000_inhabitants_day"
