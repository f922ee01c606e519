"""A run whose process is gone with its code server is told to be; one that may still be there is left alone."""

from __future__ import annotations

import json
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from infra.health import problem
from tests.services import free_port, wait_for

LAUNCHER = {"run_launcher": {"module": "pipelines.orchestration.launcher", "class": "WatchedLauncher"}}
DEFINITIONS = """
import dagster as dg

@dg.op
def nothing():
    pass

@dg.job
def trivial():
    nothing()

defs = dg.Definitions(jobs=[trivial])
"""


@dg.job
def trivial() -> None:
    """Hold no step."""


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test(temp_dir=str(tmp_path), overrides=LAUNCHER) as made:
        yield made


def health(instance, **tags: object) -> WorkerStatus:
    """What the daemon is told of a run that started, with these tags."""
    told = {name: json.dumps(value) for name, value in tags.items()}
    run = instance.create_run_for_job(trivial, tags=told, status=dg.DagsterRunStatus.STARTED)
    assert instance.run_launcher.supports_check_run_worker_health
    return instance.run_launcher.check_run_worker_health(run).status


def test_a_run_that_no_server_started_or_whose_server_does_not_answer_counts_as_running(instance):
    assert health(instance) == WorkerStatus.RUNNING
    nobody = {"host": "localhost", "port": free_port()}
    assert health(instance, **{GRPC_INFO_TAG: nobody}) == WorkerStatus.RUNNING


def test_a_run_that_its_server_knows_nothing_of_is_gone(instance, tmp_path):
    port, log = free_port(), tmp_path / "server.log"
    (tmp_path / "trivial.py").write_text(DEFINITIONS)
    command = [sys.executable, "-m", "dagster", "api", "grpc", "--port", str(port), "-f", str(tmp_path / "trivial.py")]
    with log.open("w") as written:
        server = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        wait_for(lambda: problem(f"tcp://127.0.0.1:{port}") is None, server, log)
        assert health(instance, **{GRPC_INFO_TAG: {"host": "localhost", "port": port}}) == WorkerStatus.FAILED
    finally:
        server.kill()
        server.wait()
