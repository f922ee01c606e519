"""Sales and counts of patients of all sources, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.sale.tables import PatientCount, Sale

sale = union_of_sources(Sale)
patient_count = union_of_sources(PatientCount)
