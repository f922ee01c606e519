"""Frames that a step keeps in memory because it reads them more than once, let go when the step has written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_kept: list[DataFrame] = []


def keep(frame: DataFrame) -> DataFrame:
    """Keep a frame in memory until `release`."""
    _kept.append(frame.persist())
    return _kept[-1]


def release() -> None:
    """Let go of all that was kept: it would stand for tables as they were before a later write."""
    while _kept:
        _kept.pop().unpersist()
