"""What a run made of what, as OpenLineage events: for Marquez, DataHub and others that show lineage across systems.

An event a step that wrote or looked at a table: the tables that it reads, the one that it makes with its columns, rows,
bytes and version. Names and numbers only; nothing of a row.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.catalog import steps, tables
from pipelines.core.table import BronzeTable

if TYPE_CHECKING:
    import dagster as dg
    from openlineage.client.event_v2 import RunEvent

    from pipelines.settings import Settings

PRODUCER = "https://pypi.org/project/gerland"
NAMESPACE = "gerland"
SECONDS = 10


def emit(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun) -> int:
    """Send the events of a run that ended where the setting `lineage` says; returns how many.

    Raises `requests.RequestException` or OSError where they do not go.
    """
    from openlineage.client import OpenLineageClient

    to = settings.lineage.get_secret_value() if settings.lineage else ""
    told = list(events(settings, instance, run))
    is_file = not to.startswith(("http://", "https://"))
    place = {"type": "file", "log_file_path": to, "append": True} if is_file else {"type": "http", "url": to}
    client = OpenLineageClient(config={"transport": place if is_file else {**place, "timeout": SECONDS}})
    for event in told:
        client.emit(event)
    return len(told)


def events(settings: Settings, instance: dg.DagsterInstance, run: dg.DagsterRun) -> Iterator[RunEvent]:
    """An event for each step of a run that told of a table, and for each that failed."""
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState
    from openlineage.client.facet_v2 import parent_run

    parent = parent_run.ParentRunFacet(parent_run.Run(run.run_id), parent_run.Job(NAMESPACE, run.job_name))
    made = _made(instance, run.run_id)
    for step in instance.get_run_step_stats(run.run_id):
        if not step.end_time or not step.status:
            continue
        of = made.get(step.step_key, {})
        if not of and step.status.value == "SUCCESS":
            continue
        ended = dt.datetime.fromtimestamp(step.end_time, dt.UTC).isoformat()
        yield RunEvent(
            eventTime=ended,
            producer=PRODUCER,
            eventType=RunState.COMPLETE if step.status.value == "SUCCESS" else RunState.FAIL,
            run=Run(str(uuid.uuid5(uuid.UUID(run.run_id), step.step_key)), {"parent": parent}),
            job=Job(NAMESPACE, step.step_key),
            inputs=[_dataset(settings, address) for address in _read(of)],
            outputs=[_output(settings, address, told) for address, told in of.items()],
        )


def _made(instance: dg.DagsterInstance, run_id: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each step: the tables that it told of, with what it told."""
    import dagster as dg

    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        told = entry.asset_materialization
        if told and entry.step_key:
            values = {name: value.value for name, value in told.metadata.items()}
            found.setdefault(entry.step_key, {})[".".join(told.asset_key.path)] = values
    return found


def _read(made: dict[str, Any]) -> list[str]:
    """Tables that those of a step are made of; a source's are made of its folder in the landing zone."""
    known, read = tables(), set()
    for address in made:
        table = known.get(address)
        if address in steps():
            read |= set(steps()[address].reads)
        elif table is not None and issubclass(table, BronzeTable):
            read.add(f"landing:{table.source}")
    return sorted(read)


def _place(settings: Settings, address: str) -> tuple[str, str]:
    """Namespace and name of a table or a landing folder, as OpenLineage has them for files and stores."""
    landed = address.removeprefix("landing:")
    root = str(settings.landing if landed != address else settings.lake)
    path = f"{root}/{landed if landed != address else address.replace('.', '/')}"
    scheme, is_store, rest = path.partition("://")
    if not is_store:
        return "file", str(Path(path).absolute())
    bucket, _, name = rest.partition("/")
    return f"{scheme}://{bucket}", name


def _dataset(settings: Settings, address: str) -> Any:
    from openlineage.client.event_v2 import InputDataset

    return InputDataset(*_place(settings, address))


def _output(settings: Settings, address: str, told: dict[str, Any]) -> Any:
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import dataset_version_dataset, output_statistics_output_dataset, schema_dataset

    columns = tables()[address].columns.items() if address in tables() else ()
    fields = [schema_dataset.SchemaDatasetFacetFields(n, type=c.type, description=c.meaning) for n, c in columns]
    counted = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=told.get("dagster/row_count"), size=told.get("bytes")
    )
    version = dataset_version_dataset.DatasetVersionDatasetFacet(str(told.get("table version", "")))
    facets = {"schema": schema_dataset.SchemaDatasetFacet(fields=fields), "version": version}
    return OutputDataset(*_place(settings, address), {"outputStatistics": counted}, facets=facets)
