"""Frames of declared tables from a few rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.core.conform import conformed
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def frame(spark: SparkSession, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> DataFrame:
    """Rows given as mappings; columns not named are null."""
    given = [tuple(r.get(c) for c in table.columns) for r in rows]
    return conformed(spark.createDataFrame(given, table.spark_schema()), table)
