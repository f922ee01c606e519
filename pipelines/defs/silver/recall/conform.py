"""Recalls of all registers, united, and their batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.silver.recall.spread import SPREAD_SQL, scopes, spread_batches
from pipelines.defs.silver.recall.tables import Recall, RecallBatch
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables


def scoped(rows: DataFrame) -> DataFrame:
    """Rows of `Recall` with the scope that `scope_printed` says."""
    return rows.mapInArrow(scopes, rows.schema)


recall = union_of_sources(Recall, settled=scoped, stated=Stated("recall_date"))


@step(RecallBatch, "silver.recall")
def recall_batch(tables: Tables) -> DataFrame:
    """Batches that each version of a recall names."""
    by_recall = Window.partitionBy("source", "event_id", "product_id")
    is_first = F.col("valid_from") == F.min("valid_from").over(by_recall)
    since = F.when(is_first, F.col("known_from")).otherwise(F.greatest("known_from", "valid_from"))
    told = in_few_tasks(tables["silver.recall"]).withColumn("known_from", since).filter("scope = 'listed'")
    columns = ["source", "event_id", "product_id", "valid_from", "scope_printed", "pack_key", "known_from"]
    return conformed(told.select(*columns).mapInArrow(spread_batches, SPREAD_SQL), RecallBatch)
