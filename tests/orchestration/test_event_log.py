"""The event log over kept connections holds what Dagster's own would, for whoever reads or watches it."""

from __future__ import annotations

import time
from pathlib import Path

import dagster as dg
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
