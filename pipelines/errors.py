"""One sentence for every error that a user can meet."""

from __future__ import annotations

EXPECTED = (
    "Stop",
    "SettingsError",
    "SparkUnavailable",
    "JarsMissing",
    "LakeError",
    "LeaseTaken",
    "QueryError",
    "RenderError",
    "FetchError",
    "FileError",
    "UiError",
    "VerifyError",
)


def sentence(error: BaseException) -> str:
    """Say an error in one sentence: our own errors as they are, others by kind with a hint at `--debug`."""
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
