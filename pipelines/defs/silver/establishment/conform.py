"""What all sources tell of establishments, united."""

from pipelines.defs.silver.establishment.matches import establishment_match
from pipelines.defs.silver.establishment.products import establishment_product
from pipelines.defs.silver.establishment.tables import (
    EnforcementAction,
    Establishment,
    GmpCertificate,
    Inspection,
    InspectionDeficiency,
)
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

__all__ = [
    "enforcement_action",
    "establishment",
    "establishment_match",
    "establishment_product",
    "gmp_certificate",
    "inspection",
    "inspection_deficiency",
]

establishment = union_of_sources(Establishment, stated=Stated())
inspection = union_of_sources(Inspection, stated=Stated("inspection_date"))
inspection_deficiency = union_of_sources(InspectionDeficiency, stated=Stated("_day"))
gmp_certificate = union_of_sources(GmpCertificate, stated=Stated("issue_date"))
enforcement_action = union_of_sources(EnforcementAction, stated=Stated("action_date"))
