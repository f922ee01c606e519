"""A source without rows gives none: what the steps rely on when they leave such a source unasked."""

from __future__ import annotations

import pytest

from pipelines.core.catalog import sources, steps, tables
from pipelines.core.step import Feed, giving
from pipelines.frames.conform import empty
from pipelines.lake.lake import Lake


def feeds():
    found = [(name, step, one) for step in steps().values() for name, one in (step.feeds or {}).items()]
    return [(name, step.address, one) for name, step, one in found if isinstance(one, Feed)]


IN_CI = ("evvet", "faers", "snds", "tattoo")


@pytest.mark.spark
@pytest.mark.parametrize(
    "source", [name if name in IN_CI else pytest.param(name, marks=pytest.mark.slow) for name in sorted(sources())]
)
def test_a_source_without_rows_gives_none(spark, tmp_path, source):
    lake = Lake(spark, str(tmp_path), tables())
    own = [(address, one) for name, address, one in feeds() if name == source]
    assert [address for address, one in own if not one(lake).isEmpty()] == []


def test_only_sources_that_hold_rows_are_asked():
    faers = {"faers": next(one for name, at, one in feeds() if (name, at) == ("faers", "silver.report_history"))}
    assert giving(faers, lambda address: False) == set()
    assert giving(faers, lambda address: address == faers["faers"].reads[-1]) == {"faers"}


@pytest.mark.spark
def test_a_table_without_rows_has_its_columns(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), tables())
    table = tables()["silver.report_history"]
    lake.create(table)
    for rows in (lake[table.address()], empty(spark, table)):
        assert rows.count() == 0
        assert [(f.name, f.dataType) for f in rows.schema.fields] == [
            (f.name, f.dataType) for f in table.spark_schema().fields
        ]
