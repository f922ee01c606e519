"""One sentence for every error that a user can meet."""

from __future__ import annotations

import inspect
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from pipelines.files.store import StorageError, is_of_storage

TRACE = "Traceback (most recent call last):"
_OWN_PLACE = re.compile(r'File "[^"]*?((?:pipelines|models|expectations)/[^"]+)", line (\d+)')
_OWN_FILE = re.compile(r"((?:pipelines|models|expectations)/[^\"]+)$")
_CONDITION = re.compile(r"\[[A-Z][A-Z_.0-9]+\] ")  # the engine's name for what is wrong
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d{3,}")
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")
LOST = "CHECKPOINT_RDD_BLOCK_ID_NOT_FOUND"  # what the engine says of rows that it kept and no longer has
INTERRUPTED = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
EXPECTED = (
    "BackupError",
    "DatabaseGone",
    "Stop",
    "SettingsError",
    "SparkUnavailable",
    "EraseError",
    "JarsMissing",
    "KeyRefused",
    "LakeError",
    "LeaseTaken",
    "RulesBroken",
    "StorageError",
    "Unfinished",
    "DeliveryError",
    "QueryError",
    "RenderError",
    "FetchError",
    "FileError",
    "ServiceError",
    "StepFailed",
    "StoreError",
    "UiError",
    "VerifyError",
    "FamiliesError",
    "EvaluationError",
)


class StepFailed(Exception):
    """A step failed by something that is not an error of our own; the message quotes no value."""


def sentence(error: BaseException) -> str:
    """Say an error in one sentence: our own errors as they are, others by their kind and place.

    What was raised in a task of the engine is told by its own words, not by the engine's. The words of libraries are
    left out, for they may quote what stands in a row; those that our own code raises are kept, what they quote is not.
    """
    if told := of_task(str(error)):
        return told
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if type(error).__name__ in EXPECTED:
        return first
    if type(error).__name__ in INTERRUPTED:
        return "interrupted; the same command goes on from what is written"
    if isinstance(error, FileNotFoundError) and error.filename:  # Arrow gives none, and names it in its words
        return f"there is no file {error.filename}"
    if isinstance(error, PermissionError) and error.filename:
        return f"no permission for {error.filename}"
    if isinstance(error, ModuleNotFoundError):
        return f"the Python package {error.name} is missing; install with the command of the README"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror[0].lower()}{error.strerror[1:]} (the trace: gerland --debug …)"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _own(f.filename)]
    is_ours = bool(frames) and _is_last(error, frames[-1]) and (frames[-1].line or "").startswith("raise")
    words = f": {_unquoted(first)}" if is_ours else ""
    condition = found[0] if (found := _CONDITION.match(first)) else ""
    place = f"at {_own(frames[-1].filename)} line {frames[-1].lineno}; " if frames else ""
    return f"{type(error).__name__}{words} {condition}({place}the trace: gerland --debug …)"


def without_values(step: Callable[..., Iterator[Any]] | Callable[..., Any]) -> Callable[..., Any]:
    """Let errors out of a step as a sentence with its trace, for the stores that keep them: no value is quoted."""
    if inspect.isgeneratorfunction(step):

        @wraps(step)
        def going_on(*given: Any, **named: Any) -> Iterator[Any]:
            with _told():
                yield from step(*given, **named)

        return going_on

    @wraps(step)
    def at_once(*given: Any, **named: Any) -> Any:
        with _told():
            return step(*given, **named)

    return at_once


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if type(error).__name__ in EXPECTED:
            raise
        if is_of_storage(error) or is_of_lost_executor(error):
            raise StorageError(sentence(error)).with_traceback(error.__traceback__) from None
        raise StepFailed(sentence(error)).with_traceback(error.__traceback__) from None


def is_of_lost_executor(error: BaseException) -> bool:
    """Tell whether rows that a step kept went with the executor that held them: they can be computed again."""
    return LOST in str(error)


def of_task(text: str) -> str | None:
    """Return what a Python task raised, out of what the engine says; None where none did."""
    if TRACE not in text:
        return None
    lines = text.rsplit(TRACE, 1)[1].splitlines()
    found = next(((i, m) for i, line in enumerate(lines) if line and (m := _RAISED.match(line))), None)
    if found is None:
        return None
    at, raised = found
    kind, words = raised[1].rsplit(".", 1)[-1], (raised[2] or "").strip()
    if kind in EXPECTED and words:
        return words
    places = _OWN_PLACE.findall("\n".join(lines))
    place = f" at {places[-1][0]} line {places[-1][1]}" if places else ""
    files = [i for i, line in enumerate(lines[:at]) if line.lstrip().startswith('File "')]
    is_ours = bool(files) and bool(_OWN_PLACE.search(lines[files[-1]])) and _raises(lines[files[-1] + 1 : at])
    told = f": {_unquoted(words)}" if words and is_ours else ""
    return f"{kind}{told} (in a task{place}; the trace: gerland --debug …)"


def _raises(lines: list[str]) -> bool:
    """Tell whether the line of code that ended a trace raises words of its own."""
    return bool(lines) and lines[0].strip().startswith("raise")


def _own(filename: str) -> str | None:
    """Path of a file of our own code, from its package on."""
    found = _OWN_FILE.search(filename)
    return found[1] if found else None


def _is_last(error: BaseException, frame: traceback.FrameSummary) -> bool:
    return traceback.extract_tb(error.__traceback__)[-1] == frame


def _unquoted(words: str) -> str:
    """Words without what they quote and without long numbers."""
    return _QUOTED.sub("…", words[:200])
