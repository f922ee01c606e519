"""How the steps of a run are executed: in threads of its one process, so that they share the engine and what it knows.

Dagster's own executors run a step at a time, or each in a process that starts an engine of its own. While the engine
plans one step, on one core, it can work on another. Files are read in the main thread, which alone can end a reading
that takes too long (`files/timing.py`). Which steps are ready, and what becomes of the others, Dagster says.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from queue import Empty, SimpleQueue
from threading import Thread

import dagster as dg
import sqlalchemy.orm  # noqa: F401  half imported by one thread it makes what others ask of a database fail
from dagster._core.errors import raise_execution_interrupts
from dagster._core.events import DagsterEvent, EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext, StepExecutionContext
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import dagster_event_sequence_for_step
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.execution.step_dependency_config import StepDependencyConfig
from dagster._core.executor.base import Executor

LANE, ENGINE = "gerland/lane", "engine"
OF_ENGINE = {LANE: ENGINE}  # tags of the steps that other threads may take
AT_ONCE = 2  # of them: more would wait for the same cores, and hold memory meanwhile
LOOK_AGAIN = 1.0  # seconds after which a step that waits to be tried again is looked for

Told = tuple[str, DagsterEvent | BaseException | None]  # key of a step and what it tells; None where it ended


@dg.executor(name="threads")
def threads_executor(_: dg.InitExecutorContext) -> Executor:
    """Steps of the engine two at a time, those that read files one by one."""
    return _Threads()


class _Threads(Executor):
    """The executor of a run."""

    @property
    def retries(self) -> RetryMode:
        return RetryMode.ENABLED

    @property
    def step_dependency_config(self) -> StepDependencyConfig:
        return StepDependencyConfig.default()

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        here = EngineEventData.in_process(os.getpid(), execution_plan.step_keys_to_execute)
        yield DagsterEvent.engine_event(plan_context, f"Executing steps in threads of process {os.getpid()}", here)
        yield from ExecuteRunWithPlanIterable(
            execution_plan=plan_context.execution_plan,
            iterator=_executed,
            execution_context_manager=PlanExecutionContextManager(
                job=plan_context.job,
                retry_mode=plan_context.retry_mode,
                execution_plan=plan_context.execution_plan,
                run_config=plan_context.run_config,
                dagster_run=plan_context.dagster_run,
                instance=plan_context.instance,
                raise_on_error=plan_context.raise_on_error,
                output_capture=plan_context.output_capture,
            ),
        )
        yield DagsterEvent.engine_event(plan_context, f"Finished steps of process {os.getpid()}", here)


def _executed(job_context: PlanExecutionContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
    """Hand out the steps that are ready and pass on what all of them tell."""
    run, plan = job_context, execution_plan
    limits = [{"key": LANE, "value": ENGINE, "limit": AT_ONCE}]
    work: SimpleQueue[StepExecutionContext | None] = SimpleQueue()
    told: SimpleQueue[Told] = SimpleQueue()
    with ExitStack() as stack:
        active = stack.enter_context(plan.start(run.retry_mode, tag_concurrency_limits=limits))
        logs, key = run.instance.compute_log_manager, create_compute_log_file_key()
        log_key = logs.build_log_key_for_run(run.run_id, key)
        captured = stack.enter_context(logs.capture_logs(log_key))
        yield DagsterEvent.capture_logs(run, list(plan.step_keys_to_execute), log_key, captured)
        for _ in range(AT_ONCE):
            Thread(target=_worked_off, args=(work, told), daemon=True).start()  # none outlives an interrupted run
            stack.callback(work.put, None)
        waiting: deque[StepExecutionContext] = deque()
        mine: Iterator[Told] = iter(())
        while not active.is_complete:
            for step in active.get_steps_to_execute():
                context = run.for_step(step, active.get_known_state())
                if step.tags.get(LANE) == ENGINE:
                    work.put(context)
                else:
                    waiting.append(context)
            found = next(mine, None)
            if found is None and waiting:
                mine = _events(waiting.popleft())
                continue
            if found is None:
                found = _next(told)
            while found is not None:
                yield from _handled(run, active, found)
                found = _next(told, wait=False)
            yield from active.plan_events_iterator(run)


def _handled(run: PlanExecutionContext, active: ActiveExecution, told: Told) -> Iterator[DagsterEvent]:
    """Take in what a step tells."""
    key, event = told
    if isinstance(event, BaseException):
        raise event
    if event is None:
        active.verify_complete(run, key)
    else:
        yield event
        active.handle_event(event)


def _next(told: SimpleQueue[Told], wait: bool = True) -> Told | None:
    """The next thing told, None where nothing was; an interrupt ends the wait."""
    try:
        with raise_execution_interrupts():
            return told.get(timeout=LOOK_AGAIN) if wait else told.get_nowait()
    except Empty:
        return None


def _worked_off(work: SimpleQueue[StepExecutionContext | None], told: SimpleQueue[Told]) -> None:
    """Execute steps until there are no more."""
    while (step := work.get()) is not None:
        try:
            for event in _events(step):
                told.put(event)
        except BaseException as error:  # it is raised where the run is
            told.put((step.step.key, error))


def _events(step: StepExecutionContext) -> Iterator[Told]:
    """What a step tells, and that it ended."""
    for event in dagster_event_sequence_for_step(step):
        yield step.step.key, event
    yield step.step.key, None
