"""Plants and herbal drugs of all lists, united."""

from pipelines.defs.silver.plant.tables import Plant, PlantProduct
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

plant = union_of_sources(Plant, stated=Stated())
plant_product = union_of_sources(PlantProduct, stated=Stated())
