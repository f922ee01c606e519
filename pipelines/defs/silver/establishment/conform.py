"""What all sources tell of establishments, united."""

from pipelines.defs.silver.establishment.matches import establishment_match
from pipelines.defs.silver.establishment.tables import (
    EnforcementAction,
    Establishment,
    GmpCertificate,
    Inspection,
    InspectionDeficiency,
)
from pipelines.frames.union import union_of_sources

__all__ = [
    "enforcement_action",
    "establishment",
    "establishment_match",
    "gmp_certificate",
    "inspection",
    "inspection_deficiency",
]

establishment = union_of_sources(Establishment)
inspection = union_of_sources(Inspection)
inspection_deficiency = union_of_sources(InspectionDeficiency)
gmp_certificate = union_of_sources(GmpCertificate)
enforcement_action = union_of_sources(EnforcementAction)
