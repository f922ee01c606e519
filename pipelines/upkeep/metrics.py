"""Figures of the platform for Prometheus: what stands, what came, what was refused, how old, how long.

Read from the logs of the tables, the ledger, the outcomes that are kept and Dagster's record of its runs; nothing of a
row, and no engine is started. Written as a file for node exporter's textfile collector, or to the screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from expectations.outcomes import all_kept
from pipelines.core.catalog import sources, tables
from pipelines.lake.lake import Lake
from pipelines.lake.query import query
from pipelines.settings import Settings

if TYPE_CHECKING:
    import dagster as dg
    from prometheus_client import CollectorRegistry

DELIVERED = """
    SELECT source, status, count(DISTINCT delivery_id) AS n, sum(n_rows_kept)::BIGINT AS kept,
        sum(n_rows_quarantined)::BIGINT AS quarantined, epoch(max(ingested_at)) AS last
    FROM bronze.delivery GROUP BY ALL"""
FIGURES = {
    "gerland_table_rows": ("Rows of a table", ("table",)),
    "gerland_table_bytes": ("Bytes of the files of a table's version that stands", ("table",)),
    "gerland_table_files": ("Files of a table's version that stands", ("table",)),
    "gerland_table_written_timestamp_seconds": ("When a table's version that stands was committed", ("table",)),
    "gerland_deliveries": ("Files delivered, by what came of them", ("source", "status")),
    "gerland_delivered_rows": ("Rows delivered, by what came of them", ("source", "outcome")),
    "gerland_delivery_timestamp_seconds": ("When a source's last file was taken in", ("source",)),
    "gerland_delivery_due_seconds": ("Age of a source's last file from which on it is late", ("source",)),
    "gerland_rule_broken_rows": ("Rows that break a rule", ("table", "rule", "severity")),
    "gerland_run_timestamp_seconds": ("When a job last ended so", ("job", "status")),
    "gerland_run_seconds": ("How long the last run of a job took that succeeded", ("job",)),
    "gerland_step_seconds": ("How long a step took in the last run of its job that succeeded", ("job", "step")),
}
DAY_SECONDS = 86_400


def registry(settings: Settings, instance: dg.DagsterInstance) -> CollectorRegistry:
    """Every figure, with its labels."""
    from prometheus_client import CollectorRegistry, Gauge

    found = CollectorRegistry()
    gauges = {name: Gauge(name, says, labels, registry=found) for name, (says, labels) in FIGURES.items()}
    for part in (_of_tables(settings), _of_deliveries(settings), _of_rules(settings), _of_runs(instance)):
        for name, labels, value in part:
            gauges[name].labels(*labels).set(value)
    return found


def write(settings: Settings, instance: dg.DagsterInstance, to: Path) -> None:
    """Write the figures to a file; whoever reads it meanwhile sees those before."""
    from prometheus_client import write_to_textfile

    to.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(to), registry(settings, instance))
    to.chmod(0o644)  # the exporter is another user, and nothing in it is of a row


Figure = tuple[str, tuple[str, ...], float]


def _of_tables(settings: Settings) -> Iterator[Figure]:
    lake = Lake(None, str(settings.lake), tables())  # type: ignore[arg-type]  # only the logs are read
    for address in tables():
        if lake.exists(address):
            yield "gerland_table_rows", (address,), lake.n_rows(address)
            yield "gerland_table_bytes", (address,), lake.n_bytes(address)
            yield "gerland_table_files", (address,), len(lake.files(address))
            yield "gerland_table_written_timestamp_seconds", (address,), lake.written_at(address)


def _of_deliveries(settings: Settings) -> Iterator[Figure]:
    lake = Lake(None, str(settings.lake), tables())  # type: ignore[arg-type]
    rows = query(str(settings.lake), DELIVERED).to_pylist() if lake.exists("bronze.delivery") else []
    for row in rows:
        yield "gerland_deliveries", (row["source"], row["status"]), row["n"]
    for source in sorted({row["source"] for row in rows}):
        own = [row for row in rows if row["source"] == source]
        for outcome in ("kept", "quarantined"):
            yield "gerland_delivered_rows", (source, outcome), sum(row[outcome] for row in own)
        yield "gerland_delivery_timestamp_seconds", (source,), max(row["last"] for row in own)
        if (folder := sources().get(source)) and folder.card.due:
            yield "gerland_delivery_due_seconds", (source,), folder.card.due * DAY_SECONDS


def _of_rules(settings: Settings) -> Iterator[Figure]:
    for outcome in all_kept(settings.reports):
        if outcome.success is False:
            yield (
                "gerland_rule_broken_rows",
                (outcome.rule.table, outcome.rule.name, outcome.rule.severity),
                outcome.n_unexpected,
            )


def _of_runs(instance: dg.DagsterInstance) -> Iterator[Figure]:
    import dagster as dg

    for status in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE):
        for job, record in _last(instance, status).items():
            yield "gerland_run_timestamp_seconds", (job, status.value.lower()), record.end_time
            if status == dg.DagsterRunStatus.SUCCESS:
                yield "gerland_run_seconds", (job,), record.end_time - record.start_time
                for step in instance.get_run_step_stats(record.dagster_run.run_id):
                    if step.start_time and step.end_time:
                        yield "gerland_step_seconds", (job, step.step_key), step.end_time - step.start_time


LOOKED_AT = 200  # runs back


def _last(instance: dg.DagsterInstance, status: Any) -> dict[str, Any]:
    """The newest run of each job that ended so."""
    import dagster as dg

    records = instance.get_run_records(dg.RunsFilter(statuses=[status]), limit=LOOKED_AT)  # the newest first
    ended = [record for record in records if record.start_time and record.end_time]
    return {record.dagster_run.job_name: record for record in reversed(ended)}
