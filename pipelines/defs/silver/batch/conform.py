"""What all sources tell of batches, united."""

from pipelines.defs.silver.batch.tables import Batch, BatchDistribution, LaboratoryResult, QualityDefect
from pipelines.frames.stated import Stated
from pipelines.frames.union import union_of_sources

__all__ = ["batch", "batch_distribution", "laboratory_result", "quality_defect"]

batch = union_of_sources(Batch, stated=Stated("made_date"))
batch_distribution = union_of_sources(BatchDistribution, stated=Stated("month"))
laboratory_result = union_of_sources(LaboratoryResult, stated=Stated("sampled_date"))
quality_defect = union_of_sources(QualityDefect, stated=Stated("notified_date"))
