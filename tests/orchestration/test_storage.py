"""Dagster keeps its runs in files of its home, or in the PostgreSQL of the settings; nothing else changes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from threading import Timer

import dagster as dg
import pytest

from pipelines.orchestration import storage
from pipelines.orchestration.dead_runs import close_dead_runs
from pipelines.orchestration.event_log import KeptSqliteEventLogStorage
from tests.postgres import installed, running

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@dg.asset
def one():
    return None


def a_run(instance: dg.DagsterInstance) -> str:
    job = dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    return job.execute_in_process(instance=instance).run_id


def test_without_a_database_the_home_holds_all_as_dagster_itself_would_have_it(home):
    with dg.DagsterInstance.get() as instance:
        run = a_run(instance)
        assert isinstance(instance.event_log_storage, KeptSqliteEventLogStorage)
        assert instance.schedule_storage
    assert (home / "history" / "runs.db").is_file()
    assert (home / "history" / "runs" / "index.db").is_file()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with dg.DagsterInstance.get() as stock:
        assert [found.run_id for found in stock.get_runs()] == [run]


@pytest.mark.postgres
def test_with_a_database_the_home_holds_no_run_and_other_processes_find_them_there(home, postgres, monkeypatch):
    address = postgres()
    monkeypatch.setenv("GERLAND_DAGSTER", address)
    with dg.DagsterInstance.get() as instance:
        run = a_run(instance)
        assert close_dead_runs(instance) == []
        assert instance.get_latest_materialization_event(dg.AssetKey("one")).run_id == run
        handed_on = str(instance.get_ref().to_dict())
    assert address.split(":")[2].split("@")[0] not in handed_on, "no password is handed from process to process"
    assert not list(Path(home).rglob("*.db"))
    ask = "import dagster as dg; print([r.run_id for r in dg.DagsterInstance.get().get_runs()])"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, timeout=60, check=True)
    assert run in done.stdout


@pytest.mark.postgres
def test_a_database_that_is_gone_for_a_moment_in_mid_run_loses_no_event(home, monkeypatch):
    if not (binaries := installed()):
        pytest.skip("no PostgreSQL is installed here: neither initdb on the path nor /usr/lib/postgresql")
    with running(binaries) as server:
        monkeypatch.setenv("GERLAND_DAGSTER", server.database())
        with dg.DagsterInstance.get() as instance:
            run = instance.create_run_for_job(
                dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
            )
            instance.report_engine_event("before", run)
            server.control("-m", "immediate", "restart")
            instance.report_engine_event("after a restart", run)
            server.control("-m", "immediate", "stop")
            back = Timer(1.0, server.start)
            back.start()
            instance.report_engine_event("while it was away", run)
            back.join()
            told = [entry.message for entry in instance.all_logs(run.run_id)]
    assert [word for word in ("before", "after a restart", "while it was away") if word not in str(told)] == []


@pytest.mark.postgres
def test_a_database_that_stays_away_is_waited_for_once_and_asked_again_when_it_is_back(home, monkeypatch):
    if not (binaries := installed()):
        pytest.skip("no PostgreSQL is installed here: neither initdb on the path nor /usr/lib/postgresql")
    monkeypatch.setattr(storage, "AWAY_SECONDS", 3.0)
    with running(binaries) as server:
        monkeypatch.setenv("GERLAND_DAGSTER", server.database())
        with dg.DagsterInstance.get() as instance:
            run = instance.create_run_for_job(
                dg.Definitions(assets=[one], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
            )
            server.control("-m", "immediate", "stop")
            began = time.monotonic()
            for _ in range(20):
                with pytest.raises(storage.DatabaseGone, match="has not answered for 3 seconds") as told:
                    instance.report_engine_event("while it was away", run)
            assert 3 < time.monotonic() - began < 10
            assert "s3cret" not in str(told.value)
            server.start()
            instance.report_engine_event("after it came back", run)
            assert "after it came back" in str([entry.message for entry in instance.all_logs(run.run_id)])
