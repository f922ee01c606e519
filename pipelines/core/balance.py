"""Nothing is lost: rows in = rows kept + rows quarantined, for every delivery of every bronze table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pipelines.core.ledger import Delivery, Quarantine
from pipelines.core.table import Table

if TYPE_CHECKING:
    from pipelines.core.lake import Lake


@dataclass(frozen=True)
class Balance:
    """Rows of a bronze table over all its accepted deliveries, each side counted where it lies."""

    n_read: int
    n_kept: int
    n_quarantined: int
    n_unbalanced: int

    @property
    def is_balanced(self) -> bool:
        """No delivery has lost or gained a row."""
        return self.n_unbalanced == 0


def balances(lake: Lake, tables: Sequence[type[Table]]) -> dict[str, Balance]:
    """Compare rows counted in the files with those in the tables and in quarantine, by delivery; keyed by table name.

    One query for all tables of a source: each side is counted where it lies.
    """
    from pyspark.sql import functions as F

    names = [t.name for t in tables]
    key = ["table_name", "delivery_id"]
    read = lake[Delivery.address()].filter(F.col("table_name").isin(names) & (F.col("status") == "accepted"))
    kept = reduce(
        lambda a, b: a.unionByName(b),
        [lake[t.address()].select("delivery_id", F.lit(t.name).alias("table_name")) for t in tables],
    )
    refused = lake[Quarantine.address()].filter(F.col("table_name").isin(names) & (F.col("line_number") > 0))
    sides = (
        read.select(*key, "n_rows_read")
        .join(kept.groupBy(*key).agg(F.count("*").alias("kept")), on=key, how="full")
        .join(refused.groupBy(*key).agg(F.count("*").alias("quarantined")), on=key, how="left")
        .fillna(0, ["n_rows_read", "kept", "quarantined"])
    )
    rows = sides.groupBy("table_name").agg(
        F.sum("n_rows_read").alias("read"),
        F.sum("kept").alias("kept"),
        F.sum("quarantined").alias("quarantined"),
        F.count(F.when(F.col("n_rows_read") != F.col("kept") + F.col("quarantined"), 1)).alias("unbalanced"),
    )
    found = {r["table_name"]: Balance(r["read"], r["kept"], r["quarantined"], r["unbalanced"]) for r in rows.collect()}
    return {name: found.get(name, Balance(0, 0, 0, 0)) for name in names}


def balance(lake: Lake, table: type[Table]) -> Balance:
    """Return the balance of one table."""
    return balances(lake, [table])[table.name]
