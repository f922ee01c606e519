"""What registers tell of access, united."""

from pipelines.defs.silver.access.tables import AccessAuthorisation, AccessPatient, FollowUpVisit
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

__all__ = ["access_authorisation", "access_patient", "follow_up_visit"]

access_authorisation = union_of_sources(AccessAuthorisation, stated=Stated("start_date"))
access_patient = union_of_sources(AccessPatient, stated=Stated())
follow_up_visit = union_of_sources(FollowUpVisit, stated=Stated())
