"""The tables of disproportionality, each by its module."""

from pipelines.defs.signals.disproportionality.course import signal_course
from pipelines.defs.signals.disproportionality.prior import prior
from pipelines.defs.signals.disproportionality.score import level_signal, signal, subgroup_signal

__all__ = ["level_signal", "prior", "signal", "signal_course", "subgroup_signal"]
