"""From steps, version by version, to what was known of each file at each month end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.gmo_procedure_delay.delays import DELAY_SQL, FILES, STEPS_SAID, delays
from pipelines.defs.gold.gmo_procedure_delay.tables import GmoProcedureDelay
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables


@step(GmoProcedureDelay, "silver.gmo_procedure", "silver.gmo_step", "silver.register_state")
def gmo_procedure_delay(tables: Tables) -> DataFrame:
    """Gather files and steps, of which there are few, and walk through them in one task: a median is of all files."""
    heard = tables["silver.register_state"].filter(F.col("register").isin("files", "steps"))
    spans = heard.groupBy("source").agg(F.min("stated_date").alias("first"), F.max("stated_date").alias("last"))
    parts = {
        "files": (tables["silver.gmo_procedure"], ("source", *FILES)),
        "steps": (tables["silver.gmo_step"], ("source", *STEPS_SAID)),
        "heard": (spans, ("source", "first", "last")),
    }
    lists = [
        in_few_tasks(rows).agg(F.collect_list(F.struct(*columns)).alias(name))
        for name, (rows, columns) in parts.items()
    ]
    together = lists[0].crossJoin(lists[1]).crossJoin(lists[2])
    return conformed(together.mapInArrow(delays, DELAY_SQL), GmoProcedureDelay)
