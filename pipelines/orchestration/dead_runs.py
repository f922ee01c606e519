"""Runs whose process is gone: ended for Dagster too, and what they held given back.

A killed run keeps its place in the concurrency pool, and whoever comes next waits for it without end. So a run is
tagged with the process it lives in, and before a new one starts, those whose process is gone are closed.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

PROCESS = "gerland/process"


def process_tag() -> dict[str, str]:
    """Tag of a run in this process: host, process number, and when the process started."""
    return {PROCESS: f"{socket.gethostname()}:{os.getpid()}:{_started(os.getpid())}"}


def close_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Fail the runs of this host whose process is gone and free their places; returns their ids.

    Places of runs that have ended, or that the instance no longer knows, are freed as well. Runs of other hosts and
    runs without the tag, such as those that Dagster's daemon started and watches, are left alone while unfinished.
    """
    storage = instance.event_log_storage
    holders: set[str] = set()
    for pool in storage.get_concurrency_keys():
        info = storage.get_concurrency_info(pool)
        holders |= set(info.active_run_ids) | set(info.pending_run_ids)
    closed = []
    for run_id in sorted(holders):
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            storage.free_concurrency_slots_for_run(run_id)
        elif is_gone(run.tags.get(PROCESS)):
            instance.report_run_failed(run, "the process of the run is gone")
            storage.free_concurrency_slots_for_run(run_id)
            closed.append(run_id)
    return closed


def is_gone(tag: str | None) -> bool:
    """Tell whether a process of this host no longer runs, or its number has gone to another."""
    if tag is None or tag.count(":") != 2:
        return False
    host, number, started = tag.split(":")
    if host != socket.gethostname():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return _started(int(number)) != started


def _started(number: int) -> str:
    """Start time of a process in clock ticks since boot; `0` where the system does not tell."""
    try:
        text = Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return "0"
    return text[text.rindex(")") + 2 :].split()[19]
