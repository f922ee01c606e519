"""A job run in this process, recorded as one that the page started: on the timeline, and to be run again from there.

Dagster's `execute_in_process` says of a run neither the code location nor where the job's code is found; its page then
counts the run to no job. Here both are said, by the names under which `gerland ui` serves the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.execution.api import execute_run
from dagster._core.origin import DEFAULT_DAGSTER_ENTRY_POINT
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from pipelines.settings import ROOT

MODULE = "pipelines.definitions"  # of the code, and the name of its location on the page


def execute(
    job_name: str, run_config: Mapping[str, Any], tags: Mapping[str, str], instance: dg.DagsterInstance
) -> dg.JobExecutionResult:
    """Run a job here and now, whole, through every failure of a step; the result holds all events."""
    repository = ReconstructableRepository.for_module(MODULE, "defs", str(ROOT))
    repository = repository._replace(entry_point=DEFAULT_DAGSTER_ENTRY_POINT)
    job = repository.get_reconstructable_job(job_name)
    target = LoadableTargetOrigin(module_name=MODULE, working_directory=str(ROOT))
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, MODULE)
    run = instance.create_run_for_job(
        job.get_definition(),
        run_config=run_config,
        tags=tags,
        job_code_origin=job.get_python_origin(),
        remote_job_origin=RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME).get_job_origin(job_name),
    )
    return execute_run(job, run, instance)
