"""One sentence for every error that a user can meet."""

from __future__ import annotations

import re

TRACE = "Traceback (most recent call last):"
_OWN_PLACE = re.compile(r'File "[^"]*?((?:pipelines|models|expectations)/[^"]+)", line (\d+)')
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")
EXPECTED = (
    "BackupError",
    "Stop",
    "SettingsError",
    "SparkUnavailable",
    "JarsMissing",
    "LakeError",
    "LeaseTaken",
    "RulesBroken",
    "StorageError",
    "DeliveryError",
    "QueryError",
    "RenderError",
    "FetchError",
    "FileError",
    "UiError",
    "VerifyError",
    "FamiliesError",
    "EvaluationError",
)


def sentence(error: BaseException) -> str:
    """Say an error in one sentence: our own errors as they are, others by kind with a hint at `--debug`.

    What was raised in a task of the engine is told by its own words, not by the engine's.
    """
    if told := of_task(str(error)):
        return told
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if type(error).__name__ in EXPECTED:
        return first
    if isinstance(error, FileNotFoundError):
        return f"there is no file {error.filename}"
    if isinstance(error, PermissionError):
        return f"no permission for {error.filename}"
    if isinstance(error, ModuleNotFoundError):
        return f"the Python package {error.name} is missing; install with the command of the README"
    return f"{type(error).__name__}: {first[:200]} (the trace: gerland --debug …)"


def of_task(text: str) -> str | None:
    """Return the words of the exception that a Python task raised, out of what the engine says; None where none did."""
    if TRACE not in text:
        return None
    lines = text.rsplit(TRACE, 1)[1].splitlines()
    raised = next((m for line in lines if line and (m := _RAISED.match(line))), None)
    if raised is None:
        return None
    kind, words = raised[1].rsplit(".", 1)[-1], (raised[2] or "").strip()
    if kind in EXPECTED and words:
        return words
    places = _OWN_PLACE.findall("\n".join(lines))
    at = f" at {places[-1][0]} line {places[-1][1]}" if places else ""
    return f"{kind}: {words[:200]} (in a task{at}; the trace: gerland --debug …)".replace(":  (", " (")
