"""Tables of few rows, written without the engine: one file, through the lake's own commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipelines.lake import file_output

if TYPE_CHECKING:
    import polars as pl

    from pipelines.core.table import Table
    from pipelines.lake.commit import Written
    from pipelines.lake.lake import Lake


def replaced(lake: Lake, table: type[Table], rows: pl.DataFrame, inputs: Mapping[str, str]) -> Written:
    """Make a table without partitions hold exactly these rows; columns that they lack are null.

    Rows go by the table's key, so that the same rows give the same file, and nothing is committed. Raises `RulesBroken`
    where a row breaks a rule of the table.
    """
    import polars as pl

    root = lake.prepared(table)
    if rows.is_empty():
        return lake.commit_files(table, [], inputs)
    missing = [pl.lit(None).alias(c) for c in table.columns if c not in rows.columns]
    whole = rows.with_columns(missing).select(list(table.columns)).sort(list(table.key))
    given = whole.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(table.arrow_schema())
    return lake.commit_files(table, file_output.write(root, {}, given, table).to_pylist(), inputs, is_asked=True)
