"""`gerland workbench` with several processes: whoever of them answers, it is one workbench."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from pipelines.intake.landing import MARKER
from tests.conftest import ROOT
from tests.services import free_port
from tests.workbench.conftest import build, token, write
from workbench.audit import verify
from workbench.store import Store

WORKERS = 2


@pytest.fixture
def served(tmp_path):
    build(tmp_path / "lake")
    write(tmp_path / "lake", "bronze.delivery", [{"status": "accepted", "sha256": "0" * 64}])
    marker = tmp_path / "landing" / MARKER
    marker.parent.mkdir(parents=True)
    marker.write_text(json.dumps({"simulated": ["0" * 64]}))
    port = free_port()
    places = {f"GERLAND_{name.upper()}": str(tmp_path / name) for name in ("lake", "landing", "reports")}
    environment = {**os.environ, **places, "GERLAND_WORKBENCH": f"sqlite:///{tmp_path}/workbench.db"}
    command = [sys.executable, "-m", "pipelines.cli", "workbench", "--workers", str(WORKERS), "--port", str(port)]
    with (tmp_path / "said").open("w") as said:
        running = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        yield f"http://localhost:{port}", running, tmp_path
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(30)


def _up(address: str, running: subprocess.Popen, home: Path) -> None:
    for _ in range(600):
        try:
            if requests.get(f"{address}/health", timeout=5).ok:
                return
        except requests.ConnectionError:
            assert running.poll() is None, (home / "said").read_text()
            time.sleep(0.1)
    raise AssertionError((home / "said").read_text())


def test_a_session_stands_in_every_process_and_ends_in_every_one(served):
    address, running, home = served
    _up(address, running, home)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    assert len(children) >= WORKERS
    begun = requests.post(
        f"{address}/login", data={"user": "claire", "purpose": "regulatory"}, allow_redirects=False, timeout=30
    )
    cookies = dict(begun.cookies)

    def statuses() -> set[int]:
        """Of forty requests, each by a connection of its own, eight at a time."""
        with ThreadPoolExecutor(8) as many:
            asked = [f"{address}/signals?page={page}" for page in range(1, 41)]
            how = {"cookies": cookies, "allow_redirects": False, "timeout": 60}
            return {r.status_code for r in many.map(lambda one: requests.get(one, **how), asked)}

    assert statuses() == {200}
    csrf = token(requests.get(f"{address}/signals", cookies=cookies, timeout=30).text)
    requests.post(f"{address}/logout", data={"csrf": csrf}, cookies=cookies, timeout=30)
    assert statuses() == {303}
    assert verify(Store(f"sqlite:///{home}/workbench.db")) == []
    assert f"{WORKERS} workers" in (home / "said").read_text()
