"""Published indicators of all sources, united."""

from pipelines.defs.silver.indicator.tables import PublishedIndicator
from pipelines.frames.union import union_of_sources

published_indicator = union_of_sources(PublishedIndicator)
