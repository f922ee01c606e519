"""Dagster, MLflow and the documentation together: they start, refuse a second pair, and leave nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.commands import ui

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
ROOT = Path(__file__).resolve().parents[2]


def _free_port() -> int:
    """Return a port with three free ones after it."""
    while True:
        with ExitStack() as stack:
            first, *others = (stack.enter_context(socket.socket()) for _ in range(4))
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for place, other in enumerate(others, 1):
                    other.bind(("127.0.0.1", port + place))
            except (OSError, OverflowError):
                continue
            return port


def _parents() -> dict[int, int]:
    """Parent of each living process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):  # ended meanwhile
            continue
        if state != "Z":
            found[int(stat.parent.name)] = int(parent)
    return found


def _family(pid: int) -> set[int]:
    """Processes below one."""
    parents, family = _parents(), {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return family - {pid}


def _command(port: int) -> list[str]:
    return [sys.executable, "-m", "pipelines.cli", "ui", "--port", str(port)]


@pytest.fixture
def environment(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(ROOT / "dagster_home" / "dagster.yaml", home)
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<p>the pages</p>")
    own = {"GERLAND_TRACKING": f"sqlite:///{tmp_path}/mlflow.db", "GERLAND_ARTIFACTS": str(tmp_path / "artifacts")}
    own |= {"GERLAND_SITE": str(site), "GERLAND_WORKBENCH": f"sqlite:///{tmp_path}/workbench.db"}
    own |= {"GERLAND_LAKE": str(tmp_path / "lake")}
    return {**os.environ, **own, "DAGSTER_HOME": str(home), "PYTHONPATH": str(ROOT)}


def test_stopping_it_leaves_no_process_behind_and_a_second_one_is_refused(environment, tmp_path):
    port, log = _free_port(), tmp_path / "log"
    with log.open("wb") as out:
        first = subprocess.Popen(_command(port), env=environment, stdout=out, stderr=out)
    try:
        until = time.monotonic() + 240
        while b"Ctrl+C ends all" not in log.read_bytes():
            assert first.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{port + 2}/") as page:
            assert page.read() == b"<p>the pages</p>"
        with urllib.request.urlopen(f"http://127.0.0.1:{port + 3}/health") as page:
            assert page.read() == b"up"
        family = _family(first.pid)
        assert len(family) >= 5, "web server, daemon, code server, MLflow, workbench"
        same_port = subprocess.run(_command(port), env=environment, capture_output=True, text=True, timeout=120)
        assert (same_port.returncode, f"port {port} can't be used" in same_port.stderr) == (1, True)
        same_home = subprocess.run(_command(_free_port()), env=environment, capture_output=True, text=True, timeout=120)
        assert (same_home.returncode, "another `gerland ui` runs on" in same_home.stderr) == (1, True)
    finally:
        first.send_signal(signal.SIGTERM)
        first.wait(timeout=90)
    assert first.returncode == 0
    assert not family & _parents().keys()
    for wanted in range(port, port + 4):
        ui._must_be_free(wanted)


def test_a_server_that_does_not_listen_is_killed_with_what_it_started(monkeypatch):
    monkeypatch.setattr(ui, "PATIENCE_SECONDS", 1)
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {deaf!r}]).wait()"
    process = subprocess.Popen([sys.executable, "-c", parent], start_new_session=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"deaf\n"
    family = _family(process.pid)
    assert family
    ui._end([process])
    assert not (family | {process.pid}) & _parents().keys()
