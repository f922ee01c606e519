"""Files given out to tasks, small ones together, big ones in parts, each read where it lies; nothing is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from pipelines.core.addresses import is_store
from pipelines.core.catalog import SourceFolder
from pipelines.core.ledger import Quarantine
from pipelines.core.table import Table
from pipelines.files.splits import WHOLE, Part, parts
from pipelines.files.store import file_system
from pipelines.intake.landing import Landed
from pipelines.intake.task import (
    COUNT_SQL,
    READ_SQL,
    WRONG_NAMES,
    Job,
    count_job,
    died,
    read_job,
    wrong_row,
)
from pipelines.intake.verdicts import Row
from pipelines.lake import file_tasks
from pipelines.lake.lake import Lake
from pipelines.privacy.pseudonyms import Pseudonymiser

TASK_BYTES = 4 << 20  # of small files that one task reads
DIED = "Python worker exited unexpectedly"  # how the engine tells that a task's process is gone


def read_files(
    lake: Lake, source: SourceFolder, work: list[Landed], root: str, pseudonymiser: Pseudonymiser
) -> list[Any]:
    """Read files in tasks; returns what these log, rows of `READ_SQL`, with nothing committed."""
    address = root.rstrip("/") if is_store(root) else file_system(root)[1]
    cut_at = getattr(source.module("read"), "CUT_AT", None)
    jobs = [
        Job(f"{address}/{f.container}", f.member, f.path, t.name, f.delivery_id, f.known_date, part)
        for f in work
        for t in f.tables
        for part in _parts(f, address, cut_at)
    ]
    hashed = {f.delivery_id: f for f in work}
    jobs = [replace(j, stat=hashed[j.delivery_id].stat, sha256=hashed[j.delivery_id].sha256) for j in jobs]
    written: list[type[Table]] = [*{t for f in work for t in f.tables}, Quarantine]  # an empty one: nothing quarantined
    places = {t.name: lake.prepared(t) for t in written}
    read = partial(read_job, package=source.package, pseudonymiser=pseudonymiser, places=places)
    placed, miscounted = _placed(lake, source, jobs)
    tasks = file_tasks.bundled(
        placed, TASK_BYTES, lambda job: hashed[job.delivery_id].n_bytes if job.part == WHOLE else TASK_BYTES
    )
    return [*miscounted, *_done(lake, tasks, read)]


def _done(lake: Lake, tasks: list[list[Job]], read: Callable[[Job], Iterator[pa.RecordBatch]]) -> list[Row]:
    """Do the tasks; where a file takes its process with it, those of the others are done without it."""
    try:
        return [r.asDict() for r in file_tasks.each(lake.spark, tasks, partial(_each, read=read), READ_SQL).collect()]
    except Exception as error:
        if DIED not in str(error):
            raise
    jobs = [job for task in tasks for job in task]
    if len(jobs) == 1:
        return [died(jobs[0])]
    return [row for half in (jobs[: len(jobs) // 2], jobs[len(jobs) // 2 :]) for row in _done(lake, [half], read)]


def _placed(lake: Lake, source: SourceFolder, jobs: list[Job]) -> tuple[list[Job], list[Row]]:
    """Number the parts of each file by the records before them; a file that is read whole needs no such count.

    Returns the jobs to be done, and rows of `READ_SQL` of the files that could not be counted, which are left out.
    """
    cut = {i: job for i, job in enumerate(jobs) if job.part != WHOLE}
    if not cut:
        return jobs, []
    count = partial(count_job, package=source.package)
    counted = {r["at"]: r for r in file_tasks.each(lake.spark, list(cut.items()), count, COUNT_SQL).collect()}
    miscounted = [wrong_row(cut[i], {k: r[k] for k in WRONG_NAMES}) for i, r in counted.items() if r["kind"]]
    n_before: dict[tuple[str, str], int] = {}
    placed = list(jobs)
    for i, job in cut.items():  # parts of a file follow each other
        key, n = (job.delivery_id, job.table_name), counted[i]["n_records"] or 0
        placed[i] = replace(job, n_before=n_before.get(key, 0), n_records=n)
        n_before[key] = n_before.get(key, 0) + n
    left_out = {r["delivery_id"] for r in miscounted}
    return [job for job in placed if job.delivery_id not in left_out], miscounted


def _each(jobs: list[Job], read: Callable[[Job], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    for job in jobs:
        yield from read(job)


def _parts(file: Landed, address: str, cut_at: str | None) -> list[Part]:
    """Parts of a plain file of messages; what is packed is read whole."""
    full = f"{address}/{file.container}"
    if cut_at is None or file.member is not None or full.lower().endswith(".gz"):
        return [WHOLE]
    system, path = file_system(full)
    return parts(system, path, cut_at)
