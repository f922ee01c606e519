"""What all sources tell around their cases, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.background.tables import ReportBackground, ReportDevice

report_background = union_of_sources(ReportBackground)
report_device = union_of_sources(ReportDevice)
