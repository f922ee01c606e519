"""Acts of a procedure, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.regulatory_timeline.tables import RegulatoryTimeline
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

STEPS = {  # in the order of the procedure
    "start_date": "referral_start",
    "recommendation_date": "prac_recommendation",
    "position_date": "cmdh_position",
    "opinion_date": "committee_opinion",
    "decision_date": "commission_decision",
}


@step(RegulatoryTimeline, "silver.regulatory_event")
def regulatory_timeline(tables: Tables) -> DataFrame:
    """Steps as the register dates them now; a step dated by its page alone is none."""
    acts = in_few_tasks(tables["silver.regulatory_event"]).filter("is_current")
    own = acts.filter(F.col("act_kind").isin(*STEPS.values()))
    said = [F.max_by(c, "act_date").alias(c) for c in ("domain", "agency", "reference", "title", "status")]
    days = {
        name: F.min(F.when((F.col("act_kind") == kind) & (F.col("dated_by") == "act"), F.col("act_date")))
        for name, kind in STEPS.items()
    }
    rows = own.groupBy("source", "event_id").agg(
        *said, *[day.alias(name) for name, day in days.items()], F.min("known_from").alias("known_from")
    )
    stated = F.filter(F.array(*STEPS), lambda day: day.isNotNull())
    is_sorted = stated == F.array_sort(stated)
    return conformed(
        rows.withColumns(
            {
                "days_to_recommendation": F.datediff("recommendation_date", "start_date"),
                "days_to_decision": F.datediff("decision_date", "opinion_date"),
                "days_in_all": F.when(F.size(stated) > 1, F.datediff(F.array_max(stated), F.array_min(stated))),
                "is_out_of_order": ~is_sorted,
            }
        ),
        RegulatoryTimeline,
    )
