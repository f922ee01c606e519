"""Published indicators of all sources, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.indicator.tables import PublishedIndicator

published_indicator = union_of_sources(PublishedIndicator)
