"""Sums that do not know the order of their rows."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from pyspark.sql import functions as F

from pipelines.frames.sums import exact_mean, exact_sum


@pytest.mark.spark
def test_any_order_and_any_partitions_give_the_same_last_bit_and_the_right_one(spark):
    random = np.random.default_rng(3)
    values = [round(float(v), 6) for v in random.lognormal(5, 6, 2_000)]
    right = float(sum(Fraction(str(v)) for v in values))
    found, plain = set(), set()
    for n in (1, 3, 7):
        shuffled = [(float(v),) for v in random.permutation(values)]
        rows = spark.createDataFrame(shuffled, "v double").repartition(n)
        row = rows.agg(exact_sum("v").alias("s"), exact_mean("v").alias("m"), F.sum("v").alias("plain")).first()
        found.add((row["s"], row["m"]))
        plain.add(row["plain"])
    assert found == {(right, right / len(values))}
    assert len(plain) > 1, "the values must be such that a plain sum shows its order"


@pytest.mark.spark
def test_nothing_sums_to_nothing_and_nulls_are_left_out(spark):
    rows = spark.createDataFrame([(1.5,), (None,), (2.0,)], "v double")
    of_all = rows.agg(exact_sum("v"), exact_mean("v")).first()
    of_none = rows.filter("v IS NULL").agg(exact_sum("v"), exact_mean("v")).first()
    assert (tuple(of_all), tuple(of_none)) == ((3.5, 1.75), (None, None))
