"""Denominators of all sources, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.population.tables import Population

population = union_of_sources(Population)
