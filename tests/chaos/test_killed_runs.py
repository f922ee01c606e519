"""`gerland run`, whole, killed at any moment and called again: the lake ends as if nothing had happened.

The command as a user types it, each in a process of its own with its own engine, Dagster and MLflow. The process alone is
killed: its engine finds that out by itself, and may still write for a moment while the next run begins. `CHAOS_RUNS`
says how many histories, `CHAOS_SEED` from which seed on; each is printed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.core.catalog import tables
from pipelines.lake.query import QueryError, query
from pipelines.simulator.write import simulate
from pipelines.upkeep.verify import verify_lake

HISTORIES, FIRST = int(os.environ.get("CHAOS_RUNS", "3")), int(os.environ.get("CHAOS_SEED", "1"))
REPORTS, SEED, KILLS = 200, 5, 2
LANDED = ("e2b", "evvet", "faers", "unii", "veddra")
MOMENTS = {
    "ingested_at",
    "due_at",
    "sent_at",
    "acted_at",
    "content",
    "sha256",
    "code_version",
}  # differ from run to run
DONE, KILLED = 0, -signal.SIGKILL
ROOT = Path(__file__).resolve().parents[2]


class Place:
    """A landing zone and all that runs on it write."""

    def __init__(self, folder: Path, country: Path):
        self.folder, self.lake = folder, folder / "lake"
        for name in LANDED:
            shutil.copytree(country / name, folder / "landing" / name)
        (folder / "home").mkdir()
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", folder / "home")

    def run(self, kill_after: float | None = None) -> tuple[int, float]:
        """Run the command, perhaps killing it after a time; returns its exit code and the seconds it took."""
        folder, started = self.folder, time.monotonic()
        places = {
            "DAGSTER_HOME": str(folder / "home"),
            "GERLAND_LANDING": str(folder / "landing"),
            "GERLAND_LAKE": str(self.lake),
            "GERLAND_REPORTS": str(folder / "reports"),
            "GERLAND_TRACKING": f"sqlite:///{folder}/mlflow.db",
            "GERLAND_ARTIFACTS": str(folder / "mlflow"),
            "GERLAND_PSEUDONYM_KEY": "of the chaos run alone",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-m", "pipelines.cli", "run"]
        with (folder / "said.log").open("a") as log:
            process = subprocess.Popen(
                command, env={**os.environ, **places}, stdout=log, stderr=log, start_new_session=True
            )
            try:
                process.wait(kill_after)
            except subprocess.TimeoutExpired:
                process.kill()
            finally:
                code = process.wait()
        return code, time.monotonic() - started

    def said(self) -> str:
        return (self.folder / "said.log").read_text()[-3000:]

    def state(self) -> dict[str, list[str]]:
        """Rows of every table, without the moments at which they were made."""
        found = {}
        for address, table in tables().items():
            columns = ", ".join(c for c in table.columns if c not in MOMENTS)
            try:
                rows = query(str(self.lake), f"SELECT {columns} FROM {address}").to_pylist()
            except QueryError as error:
                assert "has not been built" in str(error), error
                continue
            found[address] = sorted(map(str, rows))
        return found

    def versions(self) -> set[str]:
        return {str(p) for p in self.lake.rglob("_delta_log/*.json")}


@pytest.fixture(scope="module")
def country(tmp_path_factory):
    folder = tmp_path_factory.mktemp("country")
    simulate(folder, REPORTS, SEED, lambda _: None)
    return folder


@pytest.fixture(scope="module")
def clean(country, tmp_path_factory):
    """What the lake holds after a run that nothing befell, and how long that took."""
    place = Place(tmp_path_factory.mktemp("clean"), country)
    code, seconds = place.run()
    assert code == DONE, place.said()
    state = place.state()
    assert len(state["gold.signal"]) > 100
    return state, seconds


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + HISTORIES))
def test_a_run_that_is_killed_is_called_again_and_ends_in_the_same_lake(seed, country, clean, tmp_path, capsys):
    (expected, seconds), random_ = clean, random.Random(seed)
    place, told = Place(tmp_path, country), []
    for _ in range(KILLS):
        moment = random_.uniform(0.05, 1.0) * seconds
        code, _ = place.run(moment)
        assert code in (KILLED, DONE), place.said()
        told.append(f"killed at {moment:.0f} s" if code == KILLED else f"done before {moment:.0f} s")
    code, last = place.run()
    with capsys.disabled():
        sys.stdout.write(f"\nrun of seed {seed}: {', '.join(told)}, done in {last:.0f} s (alone {seconds:.0f} s)\n")
    assert code == DONE, place.said()
    state = place.state()
    assert state.keys() == expected.keys()
    assert [address for address in state if state[address] != expected[address]] == []
    assert verify_lake(str(place.lake), None, lambda _: None) == []
    before = place.versions()
    assert place.run()[0] == DONE, place.said()
    assert place.versions() == before, "a run that has nothing to do does nothing"
