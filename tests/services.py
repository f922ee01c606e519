"""Services as their units start them, and the main job as its command runs it: each a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UNIT = (ROOT / "infra" / "systemd" / "gerland@.service").read_text()
PATIENCE_SECONDS = 240
MINUTES = 60  # a run may take, on a machine that does much else


def exec_start(name: str) -> list[str]:
    """Command of a unit, by the interpreter of this test."""
    (line,) = re.findall(r"^ExecStart=\S+/gerland (.+)$", UNIT, re.MULTILINE)
    return [sys.executable, "-m", "pipelines.cli", *line.replace("%i", name).split()]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def services(environment: dict[str, str], folder: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start services as a manager does; all are ended, and must end, when the block is left."""
    running: dict[str, subprocess.Popen] = {}

    def start(name: str, *more: str, **own: str) -> subprocess.Popen:
        with (folder / f"{name}.log").open("wb") as log:
            running[name] = subprocess.Popen(
                [*exec_start(name), *more], env={**environment, **own}, stdout=log, stderr=log, start_new_session=True
            )
        return running[name]

    try:
        yield start
    finally:
        for process in reversed(running.values()):
            process.send_signal(signal.SIGTERM)
        for name, process in running.items():
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise AssertionError(f"{name} did not end: {(folder / f'{name}.log').read_text()}") from None


def wait_for(is_well: Callable[[], object], process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_well():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(1)


def environment_below(place: Path, landing: Path, **given: str) -> dict[str, str]:
    """Environment of a process whose Dagster home, lake, reports and tracking are its own, below a place.

    Settings `given` (`LAKE="s3://…"`) count instead.
    """
    home = place / "home"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", home)
    own = {"LANDING": str(landing), "LAKE": str(place / "lake"), "REPORTS": str(place / "reports")}
    own |= {"TRACKING": f"sqlite:///{place}/mlflow.db", "ARTIFACTS": str(place / "mlflow")} | given
    environment = {**os.environ, "DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return environment | {f"GERLAND_{name}": value for name, value in own.items()}


def main_job(place: Path, landing: Path, **given: str) -> subprocess.Popen[str]:
    """Start `gerland run` in an environment of its own; what it says stands in `run.log` at the place."""
    environment = environment_below(place, landing, **given)
    with (place / "run.log").open("w") as log:
        command = [sys.executable, "-m", "pipelines.cli", "run"]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True)


def ended(started: subprocess.Popen[str], place: Path) -> tuple[int, str]:
    """Wait for a main job; returns its exit code and what it said."""
    code = started.wait(MINUTES * 60)
    return code, (place / "run.log").read_text()
