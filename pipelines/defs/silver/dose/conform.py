"""Defined doses of all lists, united."""

from pipelines.defs.silver.dose.tables import DailyDose
from pipelines.frames.union import union_of_sources

daily_dose = union_of_sources(DailyDose)
