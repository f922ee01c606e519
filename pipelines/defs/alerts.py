"""Who is told: of failed runs and broken rules, of figures, of lineage; where the settings say, else the log."""

import json
from collections.abc import Iterable

import dagster as dg

from expectations.outcomes import all_kept
from expectations.run import Outcome
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


@dg.sensor(
    description="Tells once of each rule that is newly broken: late sources, refused files, drift, lost rows.",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def rule_broken(context: dg.SensorEvaluationContext, platform: PlatformResource) -> dg.SkipReason:
    """Compare the rules that are broken now with those of the last look, and send one message of what came."""
    settings = platform.settings()
    now = {f"{o.rule.table} {o.rule.name}": o for o in all_kept(settings.reports) if o.success is False}
    known = set(json.loads(context.cursor)) if context.cursor else set()
    if came := [now[name] for name in sorted(now.keys() - known)]:
        subject = f"Gerland: {len(came)} rules are newly broken"
        context.log.warning(f"{subject}\n{broken(came)}")
        if settings.alert:
            send(subject, broken(came), settings.alert.get_secret_value(), settings.mail_server)
    context.update_cursor(json.dumps(sorted(now)))  # after it was sent: what could not be is sent by the next look
    return dg.SkipReason(f"{len(now)} rules are broken, {len(came)} of them since the last look")


@dg.sensor(
    description="Writes figures for Prometheus where the setting `metrics` names a file.",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def figures(context: dg.SensorEvaluationContext, platform: PlatformResource) -> dg.SkipReason:
    """Write the file anew."""
    settings = platform.settings()
    if settings.metrics is None:
        return dg.SkipReason("the setting 'metrics' names no file")
    from pipelines.upkeep.metrics import write

    write(settings, context.instance, settings.metrics)
    return dg.SkipReason(f"written to {settings.metrics}")


def _lineage(context: dg.RunStatusSensorContext, platform: PlatformResource) -> dg.SkipReason:
    settings = platform.settings()
    if settings.lineage is None:
        return dg.SkipReason("the setting 'lineage' names no place")
    from pipelines.upkeep.lineage import emit

    return dg.SkipReason(f"{emit(settings, context.instance, context.dagster_run)} events sent")


def _lineage_of(status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=f"lineage_of_{status.value.lower()}",
        description="Tells what a run made of what, as OpenLineage events, where the setting `lineage` says.",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
    )
    def lineage(context: dg.RunStatusSensorContext, platform: PlatformResource) -> dg.SkipReason:
        return _lineage(context, platform)

    return lineage


lineage = [_lineage_of(status) for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)]


def broken(outcomes: Iterable[Outcome]) -> str:
    """A line for each rule that is broken: its table, what it says and how many rows; the rule's words, no row's."""
    lines = [
        f"{o.rule.table}: {o.rule.says or o.rule.name} ({o.n_unexpected:,} of {o.n_rows:,}, {o.rule.severity})"
        for o in outcomes
    ]
    more = [f"and {len(lines) - MOST} more rules"] if len(lines) > MOST else []
    return "\n".join([*lines[:MOST], *more])


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
