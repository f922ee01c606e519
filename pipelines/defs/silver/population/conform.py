"""Denominators of all sources, united."""

from pipelines.defs.silver.population.tables import Population
from pipelines.frames.union import union_of_sources

population = union_of_sources(Population)
