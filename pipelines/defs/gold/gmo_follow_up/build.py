"""From files, access under them and samples to what was known of each file at each month end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.gmo_follow_up.followed import FOLLOWED_SQL, SAID, followed
from pipelines.defs.gold.gmo_follow_up.tables import GmoFollowUp
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

REGISTERS = {
    "files": "gmo_procedure",
    "steps": "gmo_step",
    "sites": "gmo_site",
    "samples": "shedding_sample",
    "decisions": "access_authorisation",
    "patients": "access_patient",
    "visits": "follow_up_visit",
}


@step(GmoFollowUp, *(f"silver.{name}" for name in REGISTERS.values()), "silver.register_state")
def gmo_follow_up(tables: Tables) -> DataFrame:
    """Gather what concerns the files, of which there are few, and count it in one task."""
    named = tables["silver.access_authorisation"].filter("gmo_key IS NOT NULL")
    under = F.broadcast(named.select("source", "decision_id").distinct())
    rows = {part: in_few_tasks(tables[f"silver.{name}"]) for part, name in REGISTERS.items()}
    rows["decisions"] = in_few_tasks(named)
    for part in ("patients", "visits"):
        rows[part] = rows[part].join(under, on=["source", "decision_id"], how="left_semi")
    days = tables["silver.register_state"].groupBy("source")
    rows["heard"] = days.agg(F.min("stated_date").alias("first"), F.max("stated_date").alias("last"))
    columns = {part: ("source", *said) for part, said in SAID.items()} | {"heard": ("source", "first", "last")}
    lists = [rows[part].agg(F.collect_list(F.struct(*columns[part])).alias(part)) for part in (*REGISTERS, "heard")]
    together = lists[0]
    for one in lists[1:]:
        together = together.crossJoin(F.broadcast(one))
    return conformed(together.mapInArrow(followed, FOLLOWED_SQL), GmoFollowUp)
