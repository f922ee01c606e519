"""Who is told when a run fails: the address of the settings, else the log."""

from collections.abc import Iterable

import dagster as dg

from pipelines.core.alert import send
from pipelines.defs.resources import PlatformResource

MOST = 10  # steps that are told one by one


@dg.run_failure_sensor(
    description="Tells that a run failed, with its steps and the kinds of their errors; nothing that stands in a row.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def run_failed(context: dg.RunFailureSensorContext, platform: PlatformResource) -> None:
    """Send one message a failed run."""
    settings = platform.settings()
    run = context.dagster_run
    subject = f"Gerland: run {run.run_id[:8]} of {run.job_name} failed"
    text = told(context.get_step_failure_events())
    context.log.error(f"{subject}\n{text}")
    if settings.alert:
        send(subject, text, settings.alert.get_secret_value(), settings.mail_server)


def told(failures: Iterable[dg.DagsterEvent]) -> str:
    """A line for each step that failed: its name and the kind of its error."""
    lines = [f"{event.step_key}: {kind(event)}" for event in failures]
    more = [f"and {len(lines) - MOST} more steps"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *more] or ["no step failed: the run was ended, or could not start"])


def kind(event: dg.DagsterEvent) -> str:
    """Class of what a step failed of."""
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return (error.cls_name if error else None) or "unknown"
