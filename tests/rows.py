"""Frames of declared tables from a few rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from pipelines.core.catalog import steps, tables
from pipelines.core.step import FrameStep
from pipelines.core.table import Table
from pipelines.frames.conform import conformed
from pipelines.lake import file_output

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from pipelines.lake.lake import Lake


def frame(spark: SparkSession, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows given as mappings; columns not named are null."""
    given = [tuple(r.get(c) for c in table.columns) for r in rows]
    return conformed(spark.createDataFrame(given, table.spark_schema()), table)


def without_rows(spark: SparkSession, *addresses: str) -> dict[str, DataFrame]:
    """Declared tables that hold nothing."""
    return {address: frame(spark, tables()[address], []) for address in addresses}


def united(given: Mapping[str, DataFrame], address: str, *names: str) -> DataFrame:
    """Rows of a silver table as its step makes them of these sources."""
    step = steps()[address]
    assert isinstance(step, FrameStep)
    assert step.of_sources
    return step.of_sources(given, names)


class PartlyStored(dict[str, "DataFrame"]):
    """Tables as frames, some of them also stored in a lake, for what reads files in tasks."""

    def __init__(self, frames: Mapping[str, DataFrame], lake: Lake, stored: Sequence[type[Table]]):
        """Store these tables, rows as they are: rules of the declaration are not asked."""
        super().__init__(frames)
        self.files, self.n_rows, self.spark = lake.files, lake.n_rows, lake.spark
        for table in stored:
            _store(lake, table, pl.DataFrame(frames[table.address()].toArrow()))


def _store(lake: Lake, table: type[Table], rows: pl.DataFrame) -> None:
    inside = pa.schema([f for f in table.arrow_schema() if f.name not in table.partitioned_by])
    for values, own in rows.group_by(table.partitioned_by):
        part = dict(zip(table.partitioned_by, map(str, values), strict=True))
        output = file_output.Output(lake.prepared(table), part)
        output.write(own.select(inside.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(inside))
        lake.commit_files(table, [output.added() or {}], {}, replacing={})
