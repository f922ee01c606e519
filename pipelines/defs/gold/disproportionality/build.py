"""The tables of disproportionality, each by its module."""

from pipelines.defs.gold.disproportionality.course import signal_course
from pipelines.defs.gold.disproportionality.prior import prior
from pipelines.defs.gold.disproportionality.score import level_signal, signal, subgroup_signal

__all__ = ["level_signal", "prior", "signal", "signal_course", "subgroup_signal"]
