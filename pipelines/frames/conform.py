"""What every `conform.py` shares: the lake as it is read, and ending in the table's own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

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
    from pyspark.sql import functions as F

    schema = table.spark_schema()
    if unknown := [c for c in frame.columns if c not in table.columns]:
        raise ValueError(f"{table.address()} declares no column {', '.join(unknown)}")
    present = set(frame.columns)
    return frame.select(
        *[(F.col(f.name) if f.name in present else F.lit(None)).cast(f.dataType).alias(f.name) for f in schema.fields]
    )
