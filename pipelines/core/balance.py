"""Nothing is lost: rows in = rows kept + rows quarantined, for every delivery of every bronze table."""

from __future__ import annotations

from dataclasses import dataclass
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


def balance(lake: Lake, table: type[Table]) -> Balance:
    """Compare the rows counted in the files with those found in the table and in quarantine, by delivery."""
    from pyspark.sql import functions as F

    read = lake[Delivery.address()].filter(f"table_name = '{table.name}' AND status = 'accepted'")
    kept = lake[table.address()].groupBy("delivery_id").agg(F.count("*").alias("kept"))
    refused = lake[Quarantine.address()].filter(f"table_name = '{table.name}' AND line_number > 0")
    refused = refused.groupBy("delivery_id").agg(F.count("*").alias("quarantined"))
    sides = (
        read.select("delivery_id", "n_rows_read")
        .join(kept, on="delivery_id", how="full")
        .join(refused, on="delivery_id", how="left")
        .fillna(0, ["n_rows_read", "kept", "quarantined"])
    )
    row = sides.agg(
        F.coalesce(F.sum("n_rows_read"), F.lit(0)).alias("read"),
        F.coalesce(F.sum("kept"), F.lit(0)).alias("kept"),
        F.coalesce(F.sum("quarantined"), F.lit(0)).alias("quarantined"),
        F.count(F.when(F.col("n_rows_read") != F.col("kept") + F.col("quarantined"), 1)).alias("unbalanced"),
    ).collect()[0]
    return Balance(row["read"], row["kept"], row["quarantined"], row["unbalanced"])
