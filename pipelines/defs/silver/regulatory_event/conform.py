"""Acts of all registers, united, and what they are about, coded."""

from pipelines.defs.silver.regulatory_event.acts import dated
from pipelines.defs.silver.regulatory_event.subjects import regulatory_event_subject
from pipelines.defs.silver.regulatory_event.tables import ProductInformationVersion, RegulatoryEvent
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

__all__ = ["product_information_version", "regulatory_event", "regulatory_event_subject"]

regulatory_event = union_of_sources(RegulatoryEvent, settled=dated, stated=Stated("act_date"))
product_information_version = union_of_sources(ProductInformationVersion, stated=Stated())
