"""What registers tell of files on genetically modified organisms, united."""

from pipelines.defs.silver.gmo.tables import GmoProcedure, GmoSite, GmoStep, SheddingSample
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

__all__ = ["gmo_procedure", "gmo_site", "gmo_step", "shedding_sample"]

gmo_procedure = union_of_sources(GmoProcedure, stated=Stated())
gmo_step = union_of_sources(GmoStep, stated=Stated())
gmo_site = union_of_sources(GmoSite, stated=Stated())
shedding_sample = union_of_sources(SheddingSample, stated=Stated())
