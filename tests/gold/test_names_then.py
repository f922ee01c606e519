"""The name of a substance or event at a month end is the one that the dictionaries had then."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pyarrow as pa

from pipelines.defs.gold.disproportionality.score import then_named

D = dt.date


def test_each_month_has_its_own_name_and_the_latest_that_of_today():
    values = pa.array(["A now", "B", "C now"])
    renamed = [(1, D(2023, 1, 15), "A one"), (3, D(2023, 2, 1), "C one"), (1, D(2023, 3, 31), "A two")]
    earlier = pl.DataFrame(renamed, ["code", "known_to", "value"], orient="row")
    asked = {
        (1, D(2022, 12, 31)): "A one",
        (1, D(2023, 1, 31)): "A two",
        (1, D(2023, 3, 31)): "A now",  # a release of that day is known at its end
        (2, D(2022, 12, 31)): "B",
        (3, D(2023, 1, 31)): "C one",
        (3, D(2023, 2, 28)): "C now",
    }
    codes, months = pl.Series([c for c, _ in asked]), pl.Series([m for _, m in asked])
    assert then_named(values, earlier, codes, months).to_pylist() == list(asked.values())
    assert then_named(values, None, codes, months).to_pylist() == [values[c - 1].as_py() for c, _ in asked]
