"""Shortages as chains of versions: what authorities overwrite and take away, put together again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.defs.silver.product.tables import Shortage
from pipelines.frames.conform import conformed
from pipelines.frames.history import extracted_versions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CHAIN = ["product_key", "pack_key", "notice_id"]
OPEN, OVER = ("anticipated", "tension", "shortage", "discontinuing"), ("resupplied", "discontinued", "avoided")


def notices(observed: DataFrame, source: str) -> DataFrame:
    """Versions of notices with the episode that each belongs to, as rows of `Shortage`.

    `observed` has a row a notice and delivery: product_key, pack_key, notice_id (empty where the authority numbers
    none), notice_seq, what it tells, `slot`, `known_date`, `file` and `line_number`. An episode of a product or pack
    goes on as long as some delivery shows it, whatever state and start it is given: another begins where a delivery
    lacked it, or where it is short again after it was told to be over. One that comes back with the start that it had
    is the same.
    """
    shown = extracted_versions(observed, [*CHAIN, "notice_seq"], first=("file", "line_number"))
    before = Window.partitionBy(*CHAIN).orderBy("valid_from", "notice_seq")
    earlier = before.rowsBetween(Window.unboundedPreceding, -1)
    forever = F.lit("9999-12-31").cast("date")
    reached = F.max(F.coalesce("valid_to", forever)).over(earlier)
    last_told = F.last(F.when(F.col("notice_seq") == 1, F.col("status")), ignorenulls=True).over(earlier)
    is_again = F.col("status").isin(*OPEN) & last_told.isin(*OVER) & (F.col("notice_seq") == 1)
    is_new = reached.isNull() | (F.col("valid_from") > reached) | F.coalesce(is_again, F.lit(False))
    numbered = shown.withColumn("_new", is_new.cast("int")).withColumn("_episode", F.sum("_new").over(before))
    of_episode = Window.partitionBy(*CHAIN, "_episode")
    began = F.min_by(F.coalesce("start_date", "valid_from"), F.struct("valid_from", "notice_seq")).over(of_episode)
    name = F.concat_ws("|", *CHAIN, began.cast("string"))
    return conformed(
        numbered.withColumns({"source": F.lit(source), "episode_key": name}).drop("_new", "_episode"), Shortage
    )
