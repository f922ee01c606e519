"""What every `conform.py` shares: the lake as it is read, and ending in the table's own columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType

    from pipelines.core.table import Table


class Tables(Protocol):
    """The lake as a transform sees it: `tables["silver.term"]` is a lazy DataFrame."""

    def __getitem__(self, address: str) -> DataFrame:
        """Return the table at `layer.name`."""
        ...


def empty(spark: SparkSession, table: type[Table]) -> DataFrame:
    """A table without rows: the engine sees that there are none, and leaves out what would be computed of them."""
    return spark.createDataFrame(table.arrow_schema().empty_table(), schema=table.spark_schema())


def conformed(frame: DataFrame, table: type[Table]) -> DataFrame:
    """Select the table's columns in its order and types; a column that the frame lacks is null.

    Raises ValueError for a column of the frame that the table does not declare: nothing is dropped unseen.
    """
    return in_columns(frame, {f.name: f.dataType for f in table.spark_schema().fields}, table)


def in_columns(frame: DataFrame, types: Mapping[str, DataType | str], table: type[Table]) -> DataFrame:
    """`conformed`, to columns other than the table's own."""
    if unknown := [c for c in frame.columns if c not in types]:
        raise ValueError(f"{table.address()} declares no column {', '.join(unknown)}")
    present = set(frame.columns)
    types = {c: of if isinstance(of, str) else of.simpleString() for c, of in types.items()}
    # As text: each part of an expression that is built is a call to the engine.
    return frame.selectExpr(
        *[f"CAST({f'`{c}`' if c in present else 'NULL'} AS {of}) AS `{c}`" for c, of in types.items()]
    )
