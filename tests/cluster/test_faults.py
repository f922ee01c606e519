"""What fails while a run goes on, far from its process: nothing is lost or doubled, and the same command goes on.

A run that got through, and one that was called again, end in the lake of a run that nothing befell.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from infra.health import problem
from pipelines.commands.hashes import contents
from pipelines.lake import lease
from pipelines.lake.verify import verify
from pipelines.orchestration.recorded import MODULE
from pipelines.simulator.write import simulate
from tests.faulty import changes_from_on, from_on, none, now_and_then, way_to
from tests.postgres import Server, installed
from tests.postgres import running as postgresql
from tests.services import MINUTES, ROOT, ended, environment_below, free_port, main_job, services, wait_for
from tests.store import Store, running

REPORTS, SEED = 120, 5
SOURCES = ("evvet", "veddra", "case_listing")
LEAST = 12  # tables that hold rows
PATIENCE_SECONDS = 600

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.timeout(4 * MINUTES * 60)]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    with running(tmp_path_factory.mktemp("store")) as started:
        yield started


@pytest.fixture(scope="module")
def landing(tmp_path_factory) -> Path:
    """Three sources of the simulated country."""
    country, landing = tmp_path_factory.mktemp("country"), tmp_path_factory.mktemp("landing")
    simulate(country, REPORTS, SEED, lambda _: None)
    for name in SOURCES:
        shutil.copytree(country / name, landing / name)
    return landing


@pytest.fixture(scope="module")
def clean(tmp_path_factory, landing) -> str:
    """Lake of a run that nothing befell."""
    place = tmp_path_factory.mktemp("clean")
    code, said = ended(main_job(place, landing), place)
    assert code == 0, said[-5000:]
    return str(place / "lake")


def assert_same(lake: str, clean: str) -> None:
    """The lake holds what the clean one does, each table whole; its deliveries too, so that no file was refused."""
    held = contents([clean, lake])
    assert sum(bool(one[0] and one[0].n_rows) for one in held.values()) >= LEAST
    assert [address for address, found in held.items() if len(set(found)) > 1] == []
    for address, (_, found) in held.items():
        if found and found.n_rows:
            layer, name = address.split(".")
            assert verify(f"{lake}/{layer}/{name}", address).problems == ()


NOW_AND_THEN = {"busy": 0.004, "slow": 0.003, "lost": 0.02, "cut": 0.003}


def test_a_run_gets_through_where_a_store_is_busy_slow_cut_off_and_its_answers_are_lost(
    store, landing, clean, tmp_path
):
    lake = f"{store.root}/now_and_then"
    with way_to(store) as way:
        way.set(now_and_then(NOW_AND_THEN, SEED))
        code, said = ended(main_job(tmp_path, landing, LAKE=lake), tmp_path)
        befallen = dict(way.befallen)
        way.set(none)
        assert code == 0, said[-5000:]
        assert_same(lake, clean)
    assert all(befallen[fate] > 20 for fate in NOW_AND_THEN), befallen


N = 3000  # requests that the run makes before
GONE = {
    "store gone": from_on(N, "cut"),
    "keys expired": from_on(N, "expired"),
    "store full": changes_from_on(N, "full"),
    "keys may only read": changes_from_on(N, "denied"),
}


@pytest.mark.parametrize("name", GONE)
def test_a_run_whose_store_is_gone_says_so_and_goes_on_when_it_is_back(name, store, landing, clean, tmp_path):
    lake = f"{store.root}/{name.replace(' ', '_')}"
    with way_to(store) as way:
        way.set(GONE[name])
        code, said = ended(main_job(tmp_path, landing, LAKE=lake), tmp_path)
        assert code not in (0, None), said[-5000:]
        assert "Traceback" not in said
        assert "planted-secret" not in said
        way.set(none)
        code, said = _again(tmp_path, landing, lake)
        assert code == 0, said[-5000:]
        assert_same(lake, clean)


def _again(place: Path, landing: Path, lake: str) -> tuple[int, str]:
    """Call the same command until the lease that the dead run held has run out."""
    last = time.monotonic() + PATIENCE_SECONDS
    while True:
        code, said = ended(main_job(place, landing, LAKE=lake), place)
        if "another run writes to" not in said or time.monotonic() > last:
            return code, said
        time.sleep(20)


def until(said: str, started: subprocess.Popen[str], place: Path) -> None:
    """Wait until a main job has said something."""
    last = time.monotonic() + PATIENCE_SECONDS
    while said not in (text := (place / "run.log").read_text()):
        assert started.poll() is None, text[-5000:]
        assert time.monotonic() < last, text[-5000:]
        time.sleep(0.5)


def killed(process: subprocess.Popen) -> None:
    """End a service and what it started, as a machine that is gone does."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_run_whose_connect_server_is_killed_says_so_and_goes_on_with_the_next(landing, clean, tmp_path):
    logs, port = tmp_path / "logs", free_port()
    logs.mkdir()
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path / "own"), "PYTHONPATH": str(ROOT)}
    environment |= {"GERLAND_SPARK_MASTER": "local[2]", "GERLAND_SPARK_MEMORY": "2g"}
    environment |= {"GERLAND_LAKE": str(tmp_path / "lake")}
    told = {"SPARK_REMOTE": f"sc://localhost:{port}"}
    with services(environment, logs) as start:
        for is_last in (False, True):
            server = start("connect", "--port", str(port))
            wait_for(lambda: problem(f"tcp://127.0.0.1:{port}") is None, server, logs / "connect.log")
            running_job = main_job(tmp_path, landing, **told)
            if not is_last:
                until("silver.substance", running_job, tmp_path)
                killed(server)
            code, said = ended(running_job, tmp_path)
            assert "Traceback" not in said
            assert (code == 0) == is_last, said[-5000:]
    assert_same(str(tmp_path / "lake"), clean)


def test_a_run_goes_on_when_a_worker_is_killed_with_its_executor(landing, clean, tmp_path):
    logs, master = tmp_path / "logs", free_port()
    logs.mkdir()
    environment = {**os.environ, "DAGSTER_HOME": str(tmp_path / "own"), "PYTHONPATH": str(ROOT)}
    environment |= {"SPARK_WORKER_DIR": str(tmp_path / "work"), "GERLAND_LAKE": str(tmp_path / "lake")}
    environment |= {"SPARK_WORKER_CORES": "1", "SPARK_WORKER_MEMORY": "1500m"}
    told = {"SPARK_MASTER": f"spark://127.0.0.1:{master}", "SPARK_MEMORY": "2g"}
    told |= {"SPARK_CONF": '{"spark.executor.memory": "1g", "spark.driver.host": "127.0.0.1"}'}
    with services(environment, logs) as start:
        head = start("master", "--port", str(master))
        wait_for(lambda: problem(f"tcp://127.0.0.1:{master}") is None, head, logs / "master.log")
        worker = start("worker", GERLAND_SPARK_MASTER=told["SPARK_MASTER"])
        running_job = main_job(tmp_path, landing, **told)
        until("silver.substance", running_job, tmp_path)
        killed(worker)
        start("worker", GERLAND_SPARK_MASTER=told["SPARK_MASTER"])
        code, said = ended(running_job, tmp_path)
        assert code == 0, said[-5000:]
    assert_same(str(tmp_path / "lake"), clean)


@pytest.fixture
def postgres_server() -> Iterator[Server]:
    if not (binaries := installed()):
        pytest.skip("no PostgreSQL is installed here: neither initdb on the path nor /usr/lib/postgresql")
    with postgresql(binaries) as server:
        yield server


@pytest.mark.postgres
def test_a_run_whose_database_is_killed_says_so_and_goes_on_when_it_is_back(landing, clean, tmp_path, postgres_server):
    told = {"DAGSTER": postgres_server.database(), "TRACKING": postgres_server.database()}
    running_job = main_job(tmp_path, landing, **told)
    until("silver.substance", running_job, tmp_path)
    postgres_server.control("-m", "immediate", "stop")
    code, said = ended(running_job, tmp_path)
    postgres_server.start()
    assert code not in (0, None), said[-5000:]
    assert "s3cret" not in said
    code, said = ended(main_job(tmp_path, landing, **told), tmp_path)
    assert code == 0, said[-5000:]
    assert_same(str(tmp_path / "lake"), clean)


LAUNCH = """mutation($at: JobOrPipelineSelector!) { launchRun(executionParams: {selector: $at, mode: "default"}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


class Page:
    """Dagster's page, as its own buttons ask it."""

    def __init__(self, port: int):
        self.address = f"http://127.0.0.1:{port}"

    def asked(self, query: str, **given: object) -> dict:
        sent = json.dumps({"query": query, "variables": given}).encode()
        request = Request(f"{self.address}/graphql", sent, {"content-type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def launched(self) -> str:
        at = {"repositoryLocationName": MODULE, "repositoryName": "__repository__", "jobName": "build_lake"}
        told = self.asked(LAUNCH, at=at)["launchRun"]
        assert told["__typename"] == "LaunchRunSuccess", told
        return told["run"]["runId"]

    def status(self, run: str) -> str:
        return self.asked(STATUS, id=run)["runOrError"]["status"]

    def ended(self, run: str) -> str:
        """Status of a run, once it has one that lasts."""
        last = time.monotonic() + PATIENCE_SECONDS
        while (status := self.status(run)) not in ("SUCCESS", "FAILURE", "CANCELED"):
            assert time.monotonic() < last, status
            time.sleep(2)
        return status


def worker_of(lake: Path) -> int:
    """Process that holds the lease of a lake."""
    return int(json.loads((lake / lease.NAME).read_text())["process"])


@contextmanager
def around_dagster(place: Path, landing: Path) -> Iterator[Around]:
    """A code server, a page and a daemon as their units start them, whose lake and home lie below a place."""
    (place / "logs").mkdir()
    with services(environment_below(place, landing), place / "logs") as start:
        around = Around(start, place / "logs", free_port(), free_port())
        around.code()
        around.page()
        around.daemon()
        yield around


@dataclass
class Around:
    """The services around a run, to be killed and started again."""

    start: Callable[..., subprocess.Popen]
    logs: Path
    code_port: int
    page_port: int
    running: dict[str, subprocess.Popen] = field(default_factory=dict)

    def code(self) -> None:
        started = self.running["code"] = self.start("code", "--port", str(self.code_port))
        address = f"tcp://127.0.0.1:{self.code_port}"
        wait_for(lambda: problem(address) is None, started, self.logs / "code.log")

    def page(self) -> None:
        command = ("dagster", "--port", str(self.page_port), "--code", f"localhost:{self.code_port}")
        started = self.running["page"] = self.start(*command)
        address = f"http://127.0.0.1:{self.page_port}/server_info"
        wait_for(lambda: problem(address) is None, started, self.logs / "dagster.log")

    def daemon(self) -> None:
        self.running["daemon"] = self.start("daemon", "--code", f"localhost:{self.code_port}")

    def kill(self, name: str) -> None:
        killed(self.running[name])

    def wait(self, is_well: Callable[[], object]) -> None:
        wait_for(is_well, self.running["page"], self.logs / "dagster.log")


def test_runs_of_the_page_outlive_it_and_its_daemon_and_one_that_is_killed_is_told_and_run_again(
    landing, clean, tmp_path
):
    term = tmp_path / "lake" / "silver" / "term" / "_delta_log"
    with around_dagster(tmp_path, landing) as around:
        asked = Page(around.page_port)
        run = asked.launched()
        around.wait(term.exists)
        os.kill(worker_of(tmp_path / "lake"), signal.SIGKILL)
        assert asked.ended(run) == "FAILURE"
        run = asked.launched()
        around.wait(lambda: asked.status(run) == "STARTED")
        around.kill("page")
        around.kill("daemon")
        around.page()
        around.daemon()
        assert asked.ended(run) == "SUCCESS"
    assert_same(str(tmp_path / "lake"), clean)


def test_a_run_whose_code_server_is_killed_with_it_is_told_and_run_again(landing, clean, tmp_path):
    term = tmp_path / "lake" / "silver" / "term" / "_delta_log"
    with around_dagster(tmp_path, landing) as around:
        asked = Page(around.page_port)
        run = asked.launched()
        around.wait(term.exists)
        around.kill("code")
        around.code()
        assert asked.ended(run) == "FAILURE"
        assert asked.ended(asked.launched()) == "SUCCESS"
    assert_same(str(tmp_path / "lake"), clean)
