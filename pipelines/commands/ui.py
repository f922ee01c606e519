"""Dagster, MLflow and the documentation side by side, until interrupted.

Dagster is three servers, as where it runs for long: the code, which both others ask over a socket that only its owner
reaches; the page; and the daemon, which starts what is due.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.commands import services
from pipelines.commands.probe import asked, databases
from pipelines.core.addresses import is_server, is_store, shown
from pipelines.orchestration.home import dagster_home
from pipelines.settings import Settings

HOST = "127.0.0.1"
PAGE, MLFLOW = "Dagster's page", "MLflow"
PATIENCE_SECONDS = 20  # what a stopped server gets to end by itself
LOOK_EVERY_SECONDS = 0.2


class UiError(Exception):
    """The pages can't be served; the message says why and what to do."""


def serve(settings: Settings, port: int, say: Callable[[str], None]) -> None:
    """Start Dagster (web server and daemon) on `port`, MLflow, documentation and workbench on the next, and wait.

    Documentation that was not built is not served, and that is said. Ends when it is interrupted.

    Raises `UiError` where a database does not answer, a port or the Dagster home is in use, or a server ends by itself.
    """
    home = dagster_home()
    for silent in (answer for answer in asked(list(databases(settings))) if answer.problem):
        raise UiError(f"{silent.remote.name}: {silent.problem}")
    for wanted in range(port, port + 4):
        _must_be_free(wanted)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a service manager's stop ends both, like Ctrl+C
    with _alone(home) as lock, TemporaryDirectory(prefix="gerland-") as folder:
        socket_path = Path(folder) / "code"
        workspace = services.workspace({"socket": str(socket_path)}, Path(folder))
        running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            say("starting Dagster, MLflow and the workbench")
            environment = services.environment(settings, home)
            running["Dagster's code"] = _started(services.code_server("--socket", str(socket_path)), environment, lock)
            _wait_until_open(running, [str(socket_path)])
            for name, command in _commands(settings, port, workspace).items():
                running[name] = _started(command, environment, lock)
            _wait_until_open(
                running, [(HOST, port + place) for place, name in enumerate((PAGE, MLFLOW)) if name in running]
            )
            workbench = _workbench(settings, port + 3, running, environment, lock)
            say(f"{workbench}   {_documentation(settings.site, port + 2)}")
            tracked = f"http://localhost:{port + 1}" if MLFLOW in running else shown(settings.tracking)
            say(f"Dagster: http://localhost:{port}   MLflow: {tracked}   (Ctrl+C ends all)")
            while True:
                _must_run(running)
                time.sleep(LOOK_EVERY_SECONDS)
        except KeyboardInterrupt:
            say("ending")
        finally:
            _end(running.values())


def _workbench(
    settings: Settings,
    port: int,
    running: dict[str, subprocess.Popen[bytes]],
    environment: Mapping[str, str],
    lock: int,
) -> str:
    """Start the workbench where the lake is a folder; returns where it is, or why it is not."""
    if is_store(str(settings.lake)):
        return "workbench: it reads a lake in a folder of this machine, and this one is not"
    running["The workbench"] = _started(services.workbench(HOST, port), environment, lock)
    _wait_until_open(running, [(HOST, port)])
    return f"workbench: http://localhost:{port}"


class _Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line on the screen for each."""

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _documentation(site: Path, port: int) -> str:
    """Serve the built pages from a thread of this process; returns where they are, or how to build them."""
    if not (site / "index.html").is_file():
        return f"documentation: not built at {site}, `make docs` builds it"
    server = ThreadingHTTPServer((HOST, port), partial(_Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"documentation: http://localhost:{port}"


def _commands(settings: Settings, port: int, workspace: Path) -> dict[str, list[str]]:
    """Servers of pages by their names; MLflow's only where the tracking address is not that of one."""
    servers = {PAGE: services.page(HOST, port, workspace), "Dagster's daemon": services.daemon(workspace)}
    if is_server(settings.tracking):
        return servers
    return {**servers, MLFLOW: services.mlflow(settings, HOST, port + 1)}


def _started(command: list[str], environment: Mapping[str, str], lock: int) -> subprocess.Popen[bytes]:
    """Start a server as the leader of a group of its own, so that all that it starts can be ended with it."""
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
            raise UiError(f"there is no port {port}; four are taken, one after the other") from None
        except OSError as error:
            raise UiError(
                f"port {port} can't be used ({error.strerror}); try `gerland ui --port {port + 100}`"
            ) from None


def _wait_until_open(running: dict[str, subprocess.Popen[bytes]], places: Iterable[str | tuple[str, int]]) -> None:
    """Wait until every port and socket answers, or until a server has ended by itself."""
    for place in places:
        family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
        while True:
            _must_run(running)
            with socket.socket(family) as probe:
                if probe.connect_ex(place) == 0:
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
