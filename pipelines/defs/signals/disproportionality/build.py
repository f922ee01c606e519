"""The three tables of disproportionality, each by its module."""

from pipelines.defs.signals.disproportionality.count import pair_count
from pipelines.defs.signals.disproportionality.prior import prior
from pipelines.defs.signals.disproportionality.score import signal

__all__ = ["pair_count", "prior", "signal"]
