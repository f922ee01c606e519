"""What every `conform.py` shares: naming what is read, and ending in the table's own columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.core.table import Table


class Tables(Protocol):
    """The lake as a transform sees it: `tables["silver.term"]` is a lazy DataFrame."""

    def __getitem__(self, address: str) -> DataFrame:
        """Return the table at `layer.name`."""
        ...


Transform = Callable[..., "DataFrame"]


def reads(*addresses: str) -> Callable[[Transform], Transform]:
    """Declare the tables that a transform reads; the asset graph is made from these declarations."""

    def mark(transform: Transform) -> Transform:
        transform.reads = addresses  # type: ignore[attr-defined]
        return transform

    return mark


def reads_of(transform: Transform) -> tuple[str, ...]:
    """Addresses that a transform declares to read."""
    return tuple(getattr(transform, "reads", ()))


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
