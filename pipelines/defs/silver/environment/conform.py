"""Parameters, stations, basins and measurements of all sources, united."""

from pipelines.defs.silver.environment.tables import Basin, EnvironmentParameter, ResidueMeasurement, WaterStation
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

environment_parameter = union_of_sources(EnvironmentParameter, stated=Stated())
water_station = union_of_sources(WaterStation, stated=Stated())
basin = union_of_sources(Basin, stated=Stated())
residue_measurement = union_of_sources(ResidueMeasurement, stated=Stated())
