"""What may pass is tried again: a store that fails. A fault of data or of code is the same at every attempt."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import dagster as dg

from pipelines.files.store import StorageError

MOST = 2  # further attempts of a step
FIRST_WAIT_SECONDS, LONGER = 5.0, 4.0  # wait before the first of them, and how much longer before the next


def patient(step: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    """Have Dagster run a step again, after a pause, where it raised `StorageError`."""

    @wraps(step)
    def tried(context: dg.AssetExecutionContext, *given: Any, **named: Any) -> Iterator[Any]:
        try:
            yield from step(context, *given, **named)
        except StorageError as error:
            wait = FIRST_WAIT_SECONDS * LONGER**context.retry_number
            raise dg.RetryRequested(MOST, wait) from error

    return tried
