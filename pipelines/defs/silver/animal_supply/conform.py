"""Supplies for animals of all sources, united."""

from pipelines.core.silver import union_of_sources
from pipelines.defs.silver.animal_supply.tables import AnimalSupply

animal_supply = union_of_sources(AnimalSupply)
