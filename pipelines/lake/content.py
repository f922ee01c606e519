"""What a table holds as one number: equal for equal rows, in whatever order, files, places and versions they lie."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.core.table import Table
from pipelines.lake.hashed import hashed
from pipelines.lake.query import QueryError, connect

ROWS_AT_ONCE = 100_000


@dataclass(frozen=True)
class Content:
    """Rows of a table and their hash, 128 bits as 32 hexadecimal digits."""

    n_rows: int
    digest: str


def content(root: str, table: type[Table]) -> Content | None:
    """Rows and hash of a table of a lake, without what tells of the run that wrote them; None where it is not built.

    Each row is written as JSON and hashed, and the hashes are summed, so that their order is nothing and a row that
    stands twice counts twice.
    """
    sql = f"SELECT * FROM {table.address()}"
    try:
        connection = connect(root, sql)
    except QueryError as error:
        if "has not been built" in str(error):
            return None
        raise
    reader = connection.sql(sql).to_arrow_reader(ROWS_AT_ONCE)
    of_run = [name for name, column in table.columns.items() if column.is_of_run]
    return summed(pl.DataFrame(pl.from_arrow(batch)).drop(of_run, strict=False) for batch in reader)


def summed(parts: Iterable[pl.DataFrame]) -> Content:
    """Rows of frames with the same columns, in whatever order these stand, and the sum of the hashes of the rows."""
    n_rows, sums = 0, np.zeros(2, dtype=np.uint64)
    for rows in parts:
        if not rows.height:
            continue
        n_rows += rows.height
        written = rows.select(pl.struct(sorted(rows.columns)).struct.json_encode().alias("row"))["row"]
        sums += np.array([key.to_numpy().astype(np.uint64).sum() for key in hashed(written)], dtype=np.uint64)
    return Content(n_rows, "".join(f"{int(part):016x}" for part in sums))
