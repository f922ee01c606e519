"""The event log over kept connections holds what Dagster's own would, for whoever reads or watches it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._check import CheckError
from dagster._core.storage.event_log import SqliteEventLogStorage

from pipelines.orchestration.event_log import KeptSqliteEventLogStorage

KEY = dg.AssetKey("one")


@dg.multi_asset(specs=[dg.AssetSpec(KEY)], check_specs=[dg.AssetCheckSpec("sound", asset=KEY)])
def one():
    yield dg.MaterializeResult(
        asset_key=KEY, check_results=[dg.AssetCheckResult(asset_key=KEY, check_name="sound", passed=True)]
    )


def test_a_run_is_stored_where_and_as_dagsters_own_log_reads_it(home):
    with dg.DagsterInstance.get() as instance:
        assert isinstance(instance.event_log_storage, KeptSqliteEventLogStorage)
        job = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        result = job.execute_in_process(instance=instance)
        stock = SqliteEventLogStorage(str(Path(home) / "history" / "runs"))
        told = [record.event_log_entry for record in stock.get_records_for_run(result.run_id).records]
        assert {e.event_type for e in result.all_events} <= {
            e.dagster_event.event_type for e in told if e.dagster_event
        }
        assert stock.get_latest_materialization_events([KEY])[KEY].run_id == result.run_id
        assert instance.get_latest_materialization_event(KEY).run_id == result.run_id
        assert (
            stock.get_asset_check_execution_history(dg.AssetCheckKey(KEY, "sound"), limit=5)[0].run_id == result.run_id
        )


def test_whoever_watches_a_run_from_another_log_is_told(home):
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(
            dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        )
        stock = SqliteEventLogStorage(str(Path(home) / "history" / "runs"))
        seen = []
        instance.report_engine_event("before", run)
        stock.watch(run.run_id, None, lambda entry, cursor: seen.append(entry))
        instance.report_engine_event("a word", run)
        until = time.monotonic() + 10
        while not any("a word" in e.message for e in seen) and time.monotonic() < until:
            time.sleep(0.05)
        stock.end_watch(run.run_id, None)
        assert any("a word" in e.message for e in seen)


def test_events_of_a_batch_are_stored_all_or_none_while_other_threads_go_on(home):
    with dg.DagsterInstance.get() as instance:
        log = instance.event_log_storage
        run = instance.create_run_for_job(
            dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        )
        told = [entry(run.run_id, f"event {i}") for i in range(200)]
        together = threading.Barrier(3)

        def store(part: list[dg.EventLogEntry], at_once: bool) -> None:
            together.wait()
            if at_once:
                log.store_event_batch(part)
            else:
                for each in part:
                    log.store_event(each)

        halves = ((told[:80], True), (told[80:160], True), (told[160:], False))
        threads = [threading.Thread(target=store, args=half) for half in halves]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(CheckError):
            log.store_event_batch([entry(run.run_id, "lost"), "no event"])
        log.store_event(entry(run.run_id, "after"))
        stock = SqliteEventLogStorage(str(Path(home) / "history" / "runs"))
        found = [record.event_log_entry.user_message for record in stock.get_records_for_run(run.run_id).records]
    assert sorted(m for m in found if m) == sorted([*(e.user_message for e in told), "after"])


def entry(run_id: str, message: str) -> dg.EventLogEntry:
    return dg.EventLogEntry(
        error_info=None, level=10, user_message=message, run_id=run_id, timestamp=time.time(), job_name="all"
    )
