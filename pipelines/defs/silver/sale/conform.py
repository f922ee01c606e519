"""Sales and counts of patients of all sources, united."""

from pipelines.defs.silver.sale.tables import PatientCount, Sale
from pipelines.frames.union import union_of_sources

sale = union_of_sources(Sale)
patient_count = union_of_sources(PatientCount)
