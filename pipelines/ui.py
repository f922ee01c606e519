"""Dagster and MLflow side by side, until interrupted."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.core.artifacts import destination
from pipelines.settings import ROOT, Settings

HOST = "127.0.0.1"
PATIENCE_SECONDS = 20  # what a stopped server gets to end by itself
LOOK_EVERY_SECONDS = 0.2


class UiError(Exception):
    """The pages can't be served; the message says why and what to do."""


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Start Dagster (web server and daemon) on `port` and MLflow on the next, and wait until interrupted.

    Raises `UiError` where a port or the Dagster home is in use, or where one of the two ends by itself.
    """
    home = Path(os.environ.get("DAGSTER_HOME", ROOT / "dagster_home"))
    for wanted in (port, port + 1):
        _must_be_free(wanted)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop ends both, like Ctrl+C
    with _alone(home) as lock:
        running = {name: _started(command, home, lock) for name, command in _commands(settings, port).items()}
        try:
            say("starting Dagster and MLflow")
            _wait_until_open(running, (port, port + 1))
            say(f"Dagster: http://localhost:{port}   MLflow: http://localhost:{port + 1}   (Ctrl+C ends both)")
            while True:
                _must_run(running)
                time.sleep(LOOK_EVERY_SECONDS)
        except KeyboardInterrupt:
            say("ending")
        finally:
            _end(running.values())


def _commands(settings: Settings, port: int) -> dict[str, list[str]]:
    binaries = Path(sys.executable).parent
    dagster = [str(binaries / "dagster"), "dev", "-m", "pipelines.definitions", "-h", HOST, "-p", str(port)]
    mlflow = [str(binaries / "mlflow"), "server", "--backend-store-uri", settings.tracking]
    mlflow += ["--artifacts-destination", destination(settings.artifacts), "--host", HOST, "--port", str(port + 1)]
    return {"Dagster": dagster, "MLflow": mlflow}


def _started(command: list[str], home: Path, lock: int) -> subprocess.Popen[bytes]:
    """Start a server as the leader of a group of its own, so that all that it starts can be ended with it."""
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # its seven workers of 300 MB each have nothing to do here
    }
    return subprocess.Popen(command, env=environment, start_new_session=True, pass_fds=(lock,))  # noqa: S603


@contextmanager
def _alone(home: Path) -> Iterator[int]:
    """Hold the Dagster home: two daemons on one home would start every run twice.

    The servers inherit the lock, so it is held as long as any of them lives, were this process killed.
    """
    if not home.is_dir():
        raise UiError(f"there is no Dagster home {home}; point DAGSTER_HOME at the folder dagster_home of the project")
    with (home / ".ui.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UiError(f"another `gerland ui` runs on {home}; end it first, or set another DAGSTER_HOME") from None
        yield file.fileno()


def _must_be_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
        try:
            probe.bind((HOST, port))
        except OverflowError:
            raise UiError(f"there is no port {port}; two are taken, {port - 1} or below") from None
        except OSError as error:
            raise UiError(
                f"port {port} can't be used ({error.strerror}); try `gerland ui --port {port + 100}`"
            ) from None


def _wait_until_open(running: dict[str, subprocess.Popen[bytes]], ports: tuple[int, ...]) -> None:
    """Wait until every port answers, or until a server has ended by itself."""
    for port in ports:
        while True:
            _must_run(running)
            with socket.socket() as probe:
                if probe.connect_ex((HOST, port)) == 0:
                    break
            time.sleep(LOOK_EVERY_SECONDS)


def _must_run(running: dict[str, subprocess.Popen[bytes]]) -> None:
    for name, process in running.items():
        if process.poll() is not None:
            raise UiError(f"{name} ended by itself (exit code {process.returncode}); its lines above say why")


def _end(running: Iterable[subprocess.Popen[bytes]]) -> None:
    """End every group: asked first, then, after some patience, killed."""
    groups = {process.pid: process for process in running}
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, sign)
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until and any(map(_lives, groups.values())):
            time.sleep(LOOK_EVERY_SECONDS)


def _lives(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether any process of the group is left."""
    process.poll()  # a leader that ended is no longer one of them
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True
