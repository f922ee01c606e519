"""Frames that a step keeps in memory because it reads them more than once, let go when the step has written."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class _Kept(threading.local):
    """What the step of a thread keeps."""

    def __init__(self) -> None:
        self.frames: list[DataFrame] = []


_kept = _Kept()


def cache(frame: DataFrame) -> DataFrame:
    """Keep a frame in memory until `release`."""
    _kept.frames.append(frame.persist())
    return _kept.frames[-1]


def release() -> None:
    """Let go of all that was kept: it would stand for tables as they were before a later write."""
    while _kept.frames:
        _kept.frames.pop().unpersist()
