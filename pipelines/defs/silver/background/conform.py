"""What all sources tell around their cases, united."""

from pipelines.defs.silver.background.tables import ReportBackground, ReportDevice
from pipelines.frames.union import union_of_sources

report_background = union_of_sources(ReportBackground)
report_device = union_of_sources(ReportDevice)
