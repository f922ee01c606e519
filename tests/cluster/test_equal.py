"""One country, four places: embedded, over Connect, on a standalone cluster, on an object store; equal tables.

`make cluster` shows the table of hashes of the default country; a source of each agency is compared in every run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.health import problem
from pipelines.commands.hashes import contents
from pipelines.core.axis import DERIVED
from pipelines.core.catalog import sources
from pipelines.core.table import Column, Table
from pipelines.lake.lake import Lake
from pipelines.simulator.write import simulate
from tests.services import MINUTES, ROOT, ended, free_port, main_job, services, wait_for
from tests.store import Store, running

REPORTS, SEED = int(os.environ.get("CLUSTER_REPORTS", "300")), 3
LEAST = 150  # tables of the country that hold rows
FEW_REPORTS, FEW_SOURCES, LEAST_OF_FEW = 100, ("caers", "calypsovet"), 30
Run = Callable[..., str]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with running(tmp_path_factory.mktemp("store")) as started:
        yield started


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """Run the main job on the country, in a process of its own and on settings of its own; the address of its lake."""
    landing = tmp_path_factory.mktemp("country")
    simulate(landing, REPORTS, SEED, lambda _: None)
    return running_on(landing, tmp_path_factory)


@pytest.fixture
def run_few(tmp_path_factory) -> Run:
    """Do the same on few reports of a source of each agency."""
    landing = tmp_path_factory.mktemp("few")
    simulate(landing, FEW_REPORTS, SEED, lambda _: None)
    for name in sources().keys() - {*FEW_SOURCES}:
        shutil.rmtree(landing / name, ignore_errors=True)
    return running_on(landing, tmp_path_factory)


def running_on(landing: Path, tmp_path_factory) -> Run:
    def called(**given: str) -> str:
        place = tmp_path_factory.mktemp("run")
        code, said = ended(main_job(place, landing, **given), place)
        assert code == 0, said[-5000:]
        return given.get("LAKE", str(place / "lake"))

    return called


@pytest.fixture(scope="module")
def embedded(run) -> str:
    return run()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def told(lakes: dict[str, str], capsys: pytest.CaptureFixture[str], least: int = LEAST) -> list[str]:
    """Show what each lake holds; returns the tables that are not equal."""
    held = contents(list(lakes.values()))
    with capsys.disabled():
        say(f"\n{'table':<40} {'rows':>8}  " + "  ".join(f"{name:<16}" for name in lakes))
        for address, found in sorted(held.items()):
            digests = "  ".join(one.digest[:16] if one else f"{'not built':<16}" for one in found)
            say(f"{address:<40} {next(one.n_rows for one in found if one):>8,}  {digests}")
    assert sum(any(one and one.n_rows for one in found) for found in held.values()) >= least
    return [address for address, found in held.items() if len(set(found)) > 1]


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(4 * MINUTES * 60)
def test_a_lake_on_an_object_store_holds_what_one_in_a_folder_does(store, run, embedded, capsys):
    lake = run(LAKE=f"{store.root}/lake")
    n_first = store.n_requests()
    assert told({"embedded": embedded, "object store": lake}, capsys) == []
    with capsys.disabled():
        say(f"{n_first:,} requests")


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(4 * MINUTES * 60)
def test_over_connect_and_on_a_cluster_the_tables_are_those_of_the_embedded_engine(run, embedded, tmp_path, capsys):
    lakes = {"embedded": embedded}
    with connect(tmp_path) as settings:
        lakes["connect"] = run(**settings)
    with standalone(tmp_path) as settings:
        lakes["standalone"] = run(**settings)
    assert told(lakes, capsys) == []


@pytest.mark.spark
@pytest.mark.timeout(4 * MINUTES * 60)
def test_few_reports_are_equal_embedded_over_connect_and_on_a_cluster_whose_lake_is_on_a_store(
    store, run_few, tmp_path, capsys
):
    lakes = {"embedded": run_few()}
    with connect(tmp_path) as settings:
        lakes["connect"] = run_few(**settings)
    with standalone(tmp_path) as settings:
        lakes["cluster and store"] = run_few(LAKE=f"{store.root}/few", **settings)
    assert told(lakes, capsys, LEAST_OF_FEW) == []


@contextmanager
def connect(folder: Path) -> Iterator[dict[str, str]]:
    """Settings of a server of Spark Connect that runs meanwhile."""
    port = free_port()
    with services(*_around(folder)) as start:
        log = folder / "logs" / "connect.log"
        server = start("connect", "--port", str(port), GERLAND_SPARK_MASTER="local[2]", GERLAND_SPARK_MEMORY="3g")
        wait_for(lambda: problem(f"tcp://127.0.0.1:{port}") is None, server, log)
        yield {"SPARK_REMOTE": f"sc://localhost:{port}"}


@contextmanager
def standalone(folder: Path) -> Iterator[dict[str, str]]:
    """Settings of a standalone cluster of one worker that runs meanwhile."""
    port = free_port()
    settings = {
        "SPARK_MASTER": f"spark://127.0.0.1:{port}",
        "SPARK_MEMORY": "2g",
        "SPARK_CONF": '{"spark.executor.memory": "1g", "spark.driver.host": "127.0.0.1"}',
    }
    with services(*_around(folder)) as start:
        head = start("master", "--port", str(port))
        wait_for(lambda: problem(f"tcp://127.0.0.1:{port}") is None, head, folder / "logs" / "master.log")
        start("worker", GERLAND_SPARK_MASTER=settings["SPARK_MASTER"])
        yield settings


def _around(folder: Path) -> tuple[dict[str, str], Path]:
    """Environment of services, and the folder of their logs."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    environment = {**os.environ, "DAGSTER_HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}
    environment |= {"SPARK_WORKER_DIR": str(folder / "work"), "GERLAND_LAKE": str(folder / "lake")}
    return environment | {"SPARK_WORKER_CORES": "1", "SPARK_WORKER_MEMORY": "1500m"}, logs


APPEND = """
import sys
from tests.cluster.test_equal import Counted
import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from pipelines.files.object_store import delta_options
root, name, n, kind = sys.argv[1:]
place = f"{root}/silver/counted"
if kind == "engine":
    from pipelines.frames.spark import session
    spark = session()
for i in range(int(n)):
    if kind == "engine":
        spark.createDataFrame([(f"{name}{i}",)], "counted_id string").write.format("delta").mode("append").save(place)
    else:
        rows = pa.Table.from_pylist([{"counted_id": f"{name}{i}"}], Counted.arrow_schema())
        write_deltalake(place, rows, mode="append", storage_options=delta_options(place),
                        commit_properties=CommitProperties(max_commit_retries=200))
"""


class Counted(Table):
    """One thing that is counted."""

    layer, name, key = "silver", "counted", ("counted_id",)
    axis = DERIVED
    counted_id = Column("string", "Key", required=True)


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.timeout(1800)
def test_two_engines_and_two_others_that_write_one_table_on_a_store_lose_nothing(store: Store, tmp_path: Path):
    root, each = f"{store.root}/raced", 15
    lake = Lake(None, root, {Counted.address(): Counted})
    lake.create(Counted)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GERLAND_LAKE": root, "GERLAND_SPARK_MEMORY": "1g"}
    writers = [("a", "engine"), ("b", "engine"), ("c", "other"), ("d", "other")]
    started = [
        subprocess.Popen([sys.executable, "-c", APPEND, root, name, str(each), kind], env=environment)
        for name, kind in writers
    ]
    assert [process.wait(1500) for process in started] == [0] * len(writers)
    found = lake.small(Counted.address(), ["counted_id"])["counted_id"].to_pylist()
    assert sorted(found) == sorted(f"{name}{i}" for name, _ in writers for i in range(each))
