"""Defined daily doses to the common table, in mg."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from pipelines.core.step import feed
from pipelines.defs.silver.dose.shape import named_dose
from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.frames.columns import looked_up, said
from pipelines.frames.numbers import number

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from pipelines.frames.conform import Tables

MG = {"mg": 1.0, "g": 1000.0, "mcg": 0.001}


@feed(DailyDose, "bronze.atc_ddd_dose", "silver.substance_name")
def daily_dose(tables: Tables) -> DataFrame:
    """Doses given in a mass; others (units, tablets) are left out."""
    dose = number("ddd") * looked_up(F.lower(F.trim("unit")), MG)
    rows = tables["bronze.atc_ddd_dose"].select(
        "known_date",
        *[F.lit(v).alias(c) for c, v in (("source", "atc_ddd"), ("kind", "ddd"), ("species", "human"))],
        F.coalesce(said("substance"), said("atc")).alias("dose_name"),
        F.coalesce(said("route"), F.lit("all")).alias("route"),
        dose.alias("value"),
    )
    return named_dose(rows.filter("value > 0 AND dose_name IS NOT NULL"), tables["silver.substance_name"])
