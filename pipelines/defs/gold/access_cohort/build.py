"""From decisions, patients and forms, version by version, to what was known at each month end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import step
from pipelines.defs.gold.access_cohort.cohort import COHORT_SQL, SAID, cohorts
from pipelines.defs.gold.access_cohort.tables import AccessCohort
from pipelines.frames.conform import conformed
from pipelines.frames.spark import in_few_tasks

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

REGISTERS = {"decisions": "access_authorisation", "patients": "access_patient", "visits": "follow_up_visit"}


@step(AccessCohort, *(f"silver.{name}" for name in REGISTERS.values()), "silver.register_state")
def access_cohort(tables: Tables) -> DataFrame:
    """Gather what is known of each medicine, and count it at each month end in tasks."""
    told = [
        in_few_tasks(tables[f"silver.{name}"]).select(
            "medicine_key",
            *[
                F.struct("source", *SAID[other]).alias(other)
                if other == part
                else F.lit(None).cast(_struct(tables, other)).alias(other)
                for other in REGISTERS
            ],
        )
        for part, name in REGISTERS.items()
    ]
    rows = told[0].unionByName(told[1]).unionByName(told[2])
    by_medicine = rows.groupBy("medicine_key").agg(*[F.collect_list(part).alias(part) for part in REGISTERS])
    days = tables["silver.register_state"].filter(F.col("register").isin("decisions", "patients", "forms"))
    spans = days.groupBy("source").agg(F.min("stated_date").alias("first"), F.max("stated_date").alias("last"))
    heard = spans.agg(F.collect_list(F.struct("source", "first", "last")).alias("heard"))
    counted = by_medicine.crossJoin(F.broadcast(heard)).mapInArrow(cohorts, COHORT_SQL)
    return conformed(counted, AccessCohort)


def _struct(tables: Tables, part: str) -> str:
    types = dict(tables[f"silver.{REGISTERS[part]}"].dtypes)
    return f"struct<{', '.join(f'{c}: {types[c]}' for c in ('source', *SAID[part]))}>"
