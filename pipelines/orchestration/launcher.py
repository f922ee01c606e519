"""Starts runs at the code server, as Dagster's default does, and tells its daemon when one is gone with that server.

Dagster asks nobody: a run whose server was killed would count as started for ever, and hold its place in the queue.
"""

from __future__ import annotations

from dagster import DagsterRun
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher
from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
from dagster._serdes import deserialize_value

GONE = "the code server started anew since: the process of the run is gone"


class WatchedLauncher(DefaultRunLauncher):
    """Dagster's default launcher, whose runs can be asked for; named in `dagster.yaml`."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Tell the daemon that it may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Tell whether a run's process is there, by its code server, which knows the processes that it started.

        A server that does not answer may be back in a moment, and a run that no server started is watched by others
        (`dead_runs`): both count as running.
        """
        client = self._get_grpc_client_for_termination(run.run_id)
        if client is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        try:
            told = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id))
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if deserialize_value(told, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, GONE)
