"""A store that fails for a moment is asked again; one that goes on failing is no fault of the files on it."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAUSES = (0.1, 0.5, 2.0)  # seconds before each further attempt


class StorageError(Exception):
    """The store could not be read or written; nothing is said about the files on it."""


def is_of_storage(error: BaseException) -> bool:
    """Tell whether the store failed, rather than a file or its reader."""
    return isinstance(error, OSError) and not isinstance(error, gzip.BadGzipFile | FileNotFoundError)


def patiently(work: Callable[[], T]) -> T:
    """Do some work, again after a pause where the store fails; raises what the last attempt raised."""
    for pause in PAUSES:
        try:
            return work()
        except OSError as error:
            if not is_of_storage(error):
                raise
            time.sleep(pause)
    return work()


def said(error: BaseException) -> str:
    """Name a failure of the store, without the place where it happened."""
    return f"{type(error).__name__}: {getattr(error, 'strerror', None) or 'the store gave no reason'}"
