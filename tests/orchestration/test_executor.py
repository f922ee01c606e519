"""A run's steps in threads: those of the engine two at a time, files in the main thread, the order Dagster's."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines.orchestration.executor import AT_ONCE, OF_ENGINE, threads_executor

both = threading.Barrier(AT_ONCE)
threads: dict[str, threading.Thread] = {}
tries: list[str] = []


def named(name: str) -> None:
    threads[name] = threading.current_thread()


@dg.asset
def read_here() -> None:
    named("read_here")


@dg.asset(deps=[read_here], op_tags=OF_ENGINE)
def left() -> None:
    named("left")
    both.wait(timeout=30)


@dg.asset(deps=[read_here], op_tags=OF_ENGINE)
def right() -> None:
    named("right")
    both.wait(timeout=30)


@dg.asset(deps=[left, right], op_tags=OF_ENGINE, retry_policy=dg.RetryPolicy(max_retries=1, delay=0.1))
def second_time() -> None:
    tries.append("second_time")
    if len(tries) == 1:
        raise OSError("the store is away")


@dg.asset(deps=[read_here], op_tags=OF_ENGINE)
def broken() -> None:
    raise ValueError("no such column")


@dg.asset(deps=[broken], op_tags=OF_ENGINE)
def after_broken() -> None:
    named("after_broken")


@dg.asset(deps=[read_here])
def read_too() -> None:
    named("read_too")


ASSETS = [read_here, left, right, second_time, broken, after_broken, read_too]


def the_job() -> dg.JobDefinition:
    job = dg.define_asset_job("steps", executor_def=threads_executor)
    return dg.Definitions(assets=ASSETS, jobs=[job]).resolve_job_def("steps")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.JobExecutionResult]:
    home = tmp_path_factory.mktemp("home")
    with (
        dg.DagsterInstance.local_temp(str(home)) as instance,
        dg.execute_job(dg.reconstructable(the_job), instance) as found,
    ):
        yield found


def test_two_steps_of_the_engine_run_at_once_and_readers_in_the_main_thread(result: dg.JobExecutionResult) -> None:
    assert {threads[name] for name in ("read_here", "read_too")} == {threading.main_thread()}
    assert threading.main_thread() not in {threads["left"], threads["right"]}
    assert threads["left"] is not threads["right"]


def test_what_fails_holds_up_what_follows_and_nothing_else(result: dg.JobExecutionResult) -> None:
    ended = {e.step_key for e in result.all_events if e.is_step_success}
    assert not result.success
    assert {e.step_key for e in result.all_events if e.is_step_failure} == {"broken"}
    assert ended == {"read_here", "left", "right", "second_time", "read_too"}
    assert "after_broken" not in threads


def test_a_step_is_tried_again_as_its_policy_says(result: dg.JobExecutionResult) -> None:
    assert tries == ["second_time"] * 2
    assert [e.step_key for e in result.all_events if e.is_step_up_for_retry] == ["second_time"]


def test_the_log_holds_what_every_thread_told(result: dg.JobExecutionResult) -> None:
    starts = [e.step_key for e in result.all_events if e.is_step_start]
    assert sorted(starts) == sorted(["read_here", "left", "right", "second_time", "broken", "read_too"])
