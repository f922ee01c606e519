"""Acts of all registers, united, and what they are about, coded."""

from pipelines.defs.silver.regulatory_event.subjects import regulatory_event_subject
from pipelines.defs.silver.regulatory_event.tables import ProductInformationVersion, RegulatoryEvent
from pipelines.frames.union import union_of_sources

__all__ = ["product_information_version", "regulatory_event", "regulatory_event_subject"]

regulatory_event = union_of_sources(RegulatoryEvent)
product_information_version = union_of_sources(ProductInformationVersion)
