"""Frames that a step keeps in memory because it reads them more than once, let go when the step has written."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING

from pipelines.frames.spark import is_little

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class _Kept(threading.local):
    """What the step of a thread keeps."""

    def __init__(self) -> None:
        self.frames: list[DataFrame] = []
        self.by_name: dict[Hashable, DataFrame] = {}


_kept = _Kept()


def cache(frame: DataFrame) -> DataFrame:
    """Keep a frame in memory until `release`.

    Where a step reads little (`tune`), the frame is computed at once and stands for itself: plans over plans over plans
    cost far more than the rows. Where it reads much, it is computed by whichever plan reads it first.
    """
    if is_little(frame.sparkSession):
        return frame.localCheckpoint()
    _kept.frames.append(frame.persist())
    return _kept.frames[-1]


def hold(frame: DataFrame, name: Hashable) -> DataFrame:
    """`cache` a frame under a name, by which `held` finds it until `release`."""
    _kept.by_name[name] = cache(frame)
    return _kept.by_name[name]


def held(name: Hashable) -> DataFrame | None:
    """The frame that the step of this thread holds under a name; None where it holds none."""
    return _kept.by_name.get(name)


def release() -> None:
    """Let go of all that was kept: it would stand for tables as they were before a later write."""
    _kept.by_name.clear()
    while _kept.frames:
        _kept.frames.pop().unpersist()
