"""The servers of the platform, one a process, as systemd, containers and pods start them: `gerland serve NAME`.

Each is somebody else's program with our settings: the process becomes it, so a signal reaches it and its exit is that
of the service. Passwords reach it by its environment or by a file of its owner, never by its command line.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.commands.probe import asked, remotes
from pipelines.core.addresses import is_server
from pipelines.core.artifacts import destination
from pipelines.orchestration.home import prepared_home
from pipelines.orchestration.recorded import MODULE
from pipelines.settings import Settings

BINARIES = Path(sys.executable).parent
CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
STANDALONE = "org.apache.spark.deploy"


class ServiceError(Exception):
    """A service can't be started; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a service listens, and where the code of the assets is asked for."""

    host: str
    port: int
    code: str


@dataclass(frozen=True)
class Service:
    """A server: what it is, its port, the services that it can't begin without, and its command."""

    says: str
    port: int
    needs: tuple[str, ...]  # settings that name services
    command: Callable[[Settings, Place], list[str]]


def become(name: str, settings: Settings, place: Place) -> None:
    """Turn this process into a service. Raises `ServiceError` where what it needs does not answer."""
    service = SERVICES[name]
    command = service.command(settings, place)
    needed = [remote for remote in remotes(settings) if remote.setting in service.needs]
    for silent in (answer for answer in asked(needed) if answer.problem):
        raise ServiceError(f"{silent.remote.name}: {silent.problem}")
    sys.stderr.flush()
    os.execve(command[0], command, environment(settings, prepared_home()))  # noqa: S606


def environment(settings: Settings, home: Path) -> dict[str, str]:
    """What every server is told."""
    return {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": settings.tracking,  # not on the command line, which every user of a machine sees
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its seven workers of 300 MB each have nothing to do here
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_NO_DAEMONIZE": "1",
    }


def code_server(*where: str) -> list[str]:
    """Dagster's code server at a socket or port, under the name by which runs of `gerland run` call the code."""
    command = [str(BINARIES / "dagster"), "code-server", "start", "--module-name", MODULE, "--location-name", MODULE]
    return [*command, "--log-level", "warning", *where]


def page(host: str, port: int, workspace: Path) -> list[str]:
    """Dagster's page."""
    return [str(BINARIES / "dagster-webserver"), "--host", host, "--port", str(port), "--workspace", str(workspace)]


def daemon(workspace: Path) -> list[str]:
    """Dagster's daemon, which starts what is due."""
    return [str(BINARIES / "dagster-daemon"), "run", "--workspace", str(workspace)]


def mlflow(settings: Settings, host: str, port: int) -> list[str]:
    """MLflow's server on the database of the settings. Raises `ServiceError` where they name a server, not one."""
    if is_server(settings.tracking):
        raise ServiceError("the setting 'tracking' names an MLflow server; one of our own needs a database")
    command = [str(BINARIES / "mlflow"), "server", "--artifacts-destination", destination(settings.artifacts)]
    return [*command, "--host", host, "--port", str(port)]


def workbench(host: str, port: int) -> list[str]:
    """The pages for assessors and epidemiologists."""
    return [sys.executable, "-m", "pipelines.cli", "workbench", "--host", host, "--port", str(port)]


def workspace(code: Mapping[str, Any], folder: Path) -> Path:
    """Write down where the page and the daemon find the code."""
    file = folder / "workspace.yaml"
    file.write_text(json.dumps({"load_from": [{"grpc_server": {**code, "location_name": MODULE}}]}))
    return file


def _code_at(place: Place) -> Path:
    host, _, port = place.code.rpartition(":")
    return workspace({"host": host, "port": int(port)}, prepared_home())


def _spark_class(name: str, *arguments: str) -> list[str]:
    import pyspark

    return [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), name, *arguments]


def _connect(settings: Settings, place: Place) -> list[str]:
    from pipelines.frames.spark import conf

    told = {**conf(settings), "spark.connect.grpc.binding.address": place.host}
    told["spark.connect.grpc.binding.port"] = str(place.port)
    file = prepared_home() / "spark-connect.properties"  # it holds the keys of the store: its owner's alone
    file.write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    submit = _spark_class("org.apache.spark.deploy.SparkSubmit", "--master", settings.spark_master)
    return [*submit, "--properties-file", str(file), "--class", CONNECT_SERVER, "--name", "gerland", "spark-internal"]


def _worker(settings: Settings, place: Place) -> list[str]:
    by_name = ("--host", place.host) if place.host else ()
    return _spark_class(f"{STANDALONE}.worker.Worker", *by_name, "--webui-port", "8081", settings.spark_master)


SERVICES = {
    "code": Service(
        "Dagster's code server: the assets, and the processes of runs",
        3004,
        ("dagster",),
        lambda _, place: code_server("--host", place.host, "--port", str(place.port)),
    ),
    "dagster": Service(
        "Dagster's page", 3000, ("dagster",), lambda _, place: page(place.host, place.port, _code_at(place))
    ),
    "daemon": Service(
        "Dagster's daemon: schedules, sensors, the queue of runs",
        0,
        ("dagster",),
        lambda _, place: daemon(_code_at(place)),
    ),
    "mlflow": Service(
        "MLflow's server",
        3001,
        ("tracking", "artifacts"),
        lambda settings, place: mlflow(settings, place.host, place.port),
    ),
    "workbench": Service(
        "the workbench", 3003, ("workbench", "lake"), lambda _, place: workbench(place.host, place.port)
    ),
    "connect": Service("a Spark Connect server with Delta", 15002, ("lake", "spark_master"), _connect),
    "master": Service(
        "the master of a Spark cluster of one's own",
        7077,
        (),
        lambda _, place: _spark_class(
            f"{STANDALONE}.master.Master", "--host", place.host, "--port", str(place.port), "--webui-port", "8080"
        ),
    ),
    "worker": Service("a worker of that cluster", 0, ("spark_master",), _worker),
}
