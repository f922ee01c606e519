"""A killed run keeps nobody waiting; a living one keeps its place."""

from __future__ import annotations

import subprocess
import sys

import dagster as dg
import pytest

from pipelines.orchestration.dead_runs import PROCESS, close_dead_runs, is_gone, process_tag


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def trivial() -> None:
    """Hold one step."""
    nothing()


@pytest.fixture
def instance(tmp_path):
    with dg.instance_for_test(temp_dir=str(tmp_path)) as made:
        made.event_log_storage.set_concurrency_slots("spark", 1)
        yield made


def gone() -> str:
    """Tag of a process that has ended."""
    code = "from pipelines.orchestration.dead_runs import *; print(process_tag()[PROCESS])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def held_by(instance, tag) -> str:
    run = instance.create_run_for_job(trivial, tags={PROCESS: tag} if tag else {}, status=dg.DagsterRunStatus.STARTED)
    assert instance.event_log_storage.claim_concurrency_slot("spark", run.run_id, "nothing").is_claimed
    return run.run_id


def test_the_place_of_a_killed_run_is_free_again(instance):
    dead = held_by(instance, gone())
    assert not instance.event_log_storage.claim_concurrency_slot("spark", "next", "nothing").is_claimed
    instance.event_log_storage.free_concurrency_slots_for_run("next")
    assert close_dead_runs(instance) == [dead]
    assert instance.get_run_by_id(dead).status == dg.DagsterRunStatus.FAILURE
    assert instance.event_log_storage.claim_concurrency_slot("spark", "next", "nothing").is_claimed


@pytest.mark.parametrize(
    "tag", [process_tag()[PROCESS], None, "elsewhere:1:1"], ids=["living", "untagged", "elsewhere"]
)
def test_the_place_of_any_other_run_stays_taken(instance, tag):
    held_by(instance, tag)
    assert close_dead_runs(instance) == []
    assert not instance.event_log_storage.claim_concurrency_slot("spark", "next", "nothing").is_claimed


def test_a_process_number_that_went_to_another_is_gone():
    host, number, started = process_tag()[PROCESS].split(":")
    assert not is_gone(f"{host}:{number}:{started}")
    assert is_gone(f"{host}:{number}:{int(started) + 1}")
