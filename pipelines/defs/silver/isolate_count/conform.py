"""Isolates and hospital use of all sources, united."""

from pipelines.defs.silver.isolate_count.tables import HospitalUse, IsolateCount
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

isolate_count = union_of_sources(IsolateCount, stated=Stated())
hospital_use = union_of_sources(HospitalUse, stated=Stated())
