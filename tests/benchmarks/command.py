"""`gerland run` as a user calls it, wall seconds: the simulated country from empty, then with nothing new.

`python -m tests.benchmarks.command [--reports N]`. There is no peer: the targets are seconds on two quiet processors.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measure import ROUNDS, Line, say, target_at

EMPTY, NOTHING_NEW = {20_000: 120.0}, {20_000: 15.0}  # targets by reports
ROOT = Path(__file__).resolve().parents[2]


def called(folder: Path, *arguments: str) -> float:
    """Wall seconds of a command on a lake, Dagster home and reports of its own; raises where it fails."""
    own = {"GERLAND_LAKE": "lake", "GERLAND_REPORTS": "reports", "GERLAND_ARTIFACTS": "mlflow", "DAGSTER_HOME": "home"}
    environment = {name: str(folder / place) for name, place in own.items()}
    environment |= {"GERLAND_TRACKING": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": str(ROOT)}
    start = time.monotonic()
    command = [sys.executable, "-m", "pipelines.cli", *arguments]
    done = subprocess.run(command, env=os.environ | environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"gerland {' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return time.monotonic() - start


def runs(n: int, folder: Path, rounds: int = ROUNDS) -> tuple[Line, Line]:
    """The main job on the simulated country, and once more."""
    landing = folder / "landing"
    called(folder, "simulate", "--out", str(landing), "--reports", str(n))
    empty, again = [], []
    for number in range(rounds):
        place = folder / str(number)
        (place / "home").mkdir(parents=True)
        shutil.copy(ROOT / "dagster_home" / "dagster.yaml", place / "home")
        empty.append(called(place, "run", "--landing", str(landing)))
        again.append(called(place, "run", "--landing", str(landing)))
        shutil.rmtree(place)
    return (
        Line(f"gerland run from empty, {n:,} reports", "", empty, (), target_at(EMPTY, n), "wall"),
        Line("gerland run with nothing new", "", again, (), target_at(NOTHING_NEW, n), "wall"),
    )


def main() -> None:
    """Print both lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=20_000)
    with tempfile.TemporaryDirectory() as folder:
        for line in runs(parser.parse_args().reports, Path(folder)):
            say(line)


if __name__ == "__main__":
    main()
