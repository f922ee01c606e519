"""Defined doses of all lists, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.dose.tables import DailyDose

daily_dose = union_of_sources(DailyDose)
