"""Runs of the real job in processes that can be killed, without a new engine for each.

One process starts the engine and loads the code. Each run is a child forked from it, which takes the lease, and goes
through Dagster's steps, of a few sources and, where it `is_deep`, of a table made from them. The parent reads no table: what forks must not have threads.
Requests come as lines of JSON: `{"runs": [{"folder": …, "is_deep": …}], "kill_after": seconds or null}`; answers as lines of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

DEEP = "silver.report_narrative"
SOURCES = ("e2b", "tattoo", "sue")
DONE, FAILED, REFUSED = 0, 1, 4


def serve() -> None:
    """Start the engine, then answer until the requests end."""
    from pipelines.frames.spark import session, tune
    from pipelines.settings import settings

    spark = session()
    tune(spark, 0, settings())
    spark.range(2).mapInArrow(lambda batches: batches, "id bigint").collect()
    import pipelines.definitions  # noqa: F401

    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a run says is not an answer
    print(json.dumps({"ready": True}), file=told, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        children = [_forked(run) for run in asked["runs"]]
        codes = _ended(children, asked["kill_after"])
        if asked["kill_after"] is not None:
            spark.sparkContext.cancelAllJobs()  # the engine of a run that is killed dies with it
        print(json.dumps({"codes": codes}), file=told, flush=True)


def _ended(children: list[int], kill_after: float | None) -> list[int]:
    """Wait for the children, killing them after a time; returns the exit code of each, negative for a signal."""
    codes: dict[int, int] = {}
    until = None if kill_after is None else time.monotonic() + kill_after
    while len(codes) < len(children):
        for child in children:
            if child not in codes:
                pid, status = os.waitpid(child, os.WNOHANG)
                if pid:
                    codes[child] = os.waitstatus_to_exitcode(status)
        if until is not None and time.monotonic() >= until:
            for child in children:
                if child not in codes:
                    os.kill(child, signal.SIGKILL)
            until = None
        time.sleep(0.005)
    return [codes[child] for child in children]


def _forked(run: dict[str, Any]) -> int:
    if child := os.fork():
        return child
    code = FAILED
    try:
        code = _run(run)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _run(given: dict[str, Any]) -> int:
    """One run, as `run_main_job` does it, of a few steps."""
    from pyspark import SparkContext

    client = SparkContext._active_spark_context._gateway._gateway_client  # type: ignore[union-attr]
    client.thread_connection = threading.local()  # the parent's connection is the parent's
    client.deque.clear()

    import dagster as dg

    from pipelines.core.catalog import sources
    from pipelines.defs.resources import PlatformResource
    from pipelines.lake.lease import LeaseTaken, hold, release
    from pipelines.orchestration.assets import table_asset
    from pipelines.orchestration.ingestion import source_assets

    place = {name: str(Path(given["folder"]) / name) for name in ("landing", "lake", "reports")}
    os.environ["GERLAND_OUTBOX"] = str(Path(given["folder"]) / "outbox")
    try:
        hold(place["lake"])
    except LeaseTaken:
        return REFUSED
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    config = {"resources": {"platform": {"config": place}}, **quiet}
    made = [source_assets(sources()[name]) for name in SOURCES]
    if given["is_deep"]:
        made.append(table_asset(narratives()))
    result = dg.materialize(
        made,
        run_config=config,
        raise_on_error=False,
        resources={"platform": PlatformResource()},
        instance=dg.DagsterInstance.ephemeral(),
    )
    for event in result.all_events:
        if event.is_step_failure:
            sys.stderr.write(f"{event.step_key} {event.event_specific_data.error}\n")
    release(place["lake"])
    return DONE if result.success else FAILED


def narratives() -> Any:
    """Narratives of the declarations alone: the union of all sources takes longer than all else."""
    from functools import reduce

    from pipelines.core.catalog import sources, tables
    from pipelines.core.step import reads_of, step
    from pipelines.frames.conform import conformed

    parts = [found for name in SOURCES if name != "e2b" and (found := sources()[name].feed(tables()[DEEP]))]

    @step(tables()[DEEP], *reads_of(parts))
    def united(lake: Any) -> Any:
        frames = [conformed(part(lake), tables()[DEEP]) for part in parts]
        return reduce(lambda left, right: left.unionByName(right), frames)

    return united


if __name__ == "__main__":
    serve()
