"""Supplies for animals of all sources, united."""

from pipelines.defs.silver.animal_supply.tables import AnimalSupply
from pipelines.frames.union import union_of_sources

animal_supply = union_of_sources(AnimalSupply)
