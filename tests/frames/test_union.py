"""A union of sources reads again what told something new, and ends where a whole rebuild does."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F

from pipelines.core.axis import DERIVED
from pipelines.core.step import feed
from pipelines.core.table import Column, Table
from pipelines.frames import union as uniting
from pipelines.lake.lake import Lake
from pipelines.orchestration.assets import _rows


class Told(Table):
    """What both sources told."""

    layer, name, axis = "silver", "told", DERIVED
    key = ("source", "one")
    source = Column("string", "Source", required=True)
    one = Column("string", "One", required=True)
    n = Column("int", "How many", minimum=0)


def bronze(which):
    return type(f"Of{which}", (Table,), {"__doc__": "Lines.", **_body(which)})


def _body(which):
    columns = {"one": Column("string", "One", required=True), "n": Column("int", "How many")}
    return {"layer": "bronze", "name": f"{which}_line", "key": ("one",), "axis": DERIVED, **columns}


A, B = bronze("a"), bronze("b")
TABLES = {t.address(): t for t in (Told, A, B)}
ROWS = st.dictionaries(st.sampled_from("xyz"), st.integers(-1, 3), max_size=3)
HISTORY = st.lists(st.tuples(st.sampled_from("ab"), ROWS), min_size=1, max_size=4)


@pytest.fixture
def union(monkeypatch):
    read = []

    def of(which):
        def frame(lake):
            read.append(which)
            return lake[f"bronze.{which}_line"].withColumn("source", F.lit(which))

        return SimpleNamespace(feed=lambda table: feed(Told, f"bronze.{which}_line")(frame), name=which)

    monkeypatch.setattr(uniting, "sources", lambda: {"a": of("a"), "b": of("b")})
    return uniting.union_of_sources(Told), read


def content(lake):
    return sorted(map(tuple, lake[Told.address()].collect()), key=repr)


@pytest.mark.spark
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(history=HISTORY)
def test_any_chain_of_deliveries_ends_where_a_rebuild_does(spark, tmp_path_factory, union, history):
    step, read = union
    lake = Lake(spark, str(tmp_path_factory.mktemp("lake")), TABLES)
    for which, rows in history:
        table = A if which == "a" else B
        before = lake.version(table.address())
        given_rows = spark.createDataFrame(list(rows.items()), table.spark_schema())
        lake.upsert(table, given_rows, {})
        inputs = lake.versions(step.reads) | {"code": "c"}
        stood = lake.exists(Told.address())
        read.clear()
        lake.upsert(Told, _rows(step, lake, inputs), inputs)
        assert lake.is_fresh(Told.address(), inputs)
        if stood:
            assert read == ([which] if rows and lake.version(table.address()) != before else [])
    stands = content(lake)
    lake.upsert(Told, step(lake), {"code": "other"})
    assert content(lake) == stands


@pytest.mark.spark
def test_other_code_or_settings_read_all_sources_again(spark, tmp_path, union):
    step, read = union
    lake = Lake(spark, str(tmp_path), TABLES)
    for table in (A, B):
        lake.upsert(table, spark.createDataFrame([("x", 1)], table.spark_schema()), {})
    inputs = lake.versions(step.reads) | {"code": "c", "settings.least": "1"}
    lake.upsert(Told, step(lake), inputs)
    for changed in ({"code": "d"}, {"settings.least": "2"}):
        read.clear()
        _rows(step, lake, inputs | changed)
        assert read == ["a", "b"]
    read.clear()
    _rows(step, lake, inputs)
    assert read == []


@pytest.mark.spark
def test_a_source_without_rows_is_not_asked(spark, tmp_path, union):
    step, read = union
    lake = Lake(spark, str(tmp_path), TABLES)
    lake.upsert(B, spark.createDataFrame([("x", 1)], B.spark_schema()), {})
    inputs = lake.versions(step.reads) | {"code": "c"}
    assert sorted(map(tuple, _rows(step, lake, inputs).collect())) == [("b", "x", 1)]
    assert read == ["b"]
    lake.upsert(Told, _rows(step, lake, inputs), inputs)
    lake.upsert(B, spark.createDataFrame([], B.spark_schema()), {})
    inputs = lake.versions(step.reads) | {"code": "c"}
    assert _rows(step, lake, inputs).collect() == []
