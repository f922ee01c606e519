"""All benchmarks, a line each; exits with an error where a target is missed.

`python -m tests.benchmarks [--size 0.01] [--rounds 3] [--only counting,dcir]`. Each figure is the median of five runs,
in turn with the named peer, with its spread, the versions of the peers and the load of the machine. Targets stand beside
each benchmark, by size: a short run is told against none that is for a larger one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.benchmarks import command, counting, dcir, exposure, lasso, messages, mgps, workbench
from tests.benchmarks.measure import ROUNDS, Line, machine, say, versions

PEERS = ("duckdb", "scipy", "scikit-learn", "lxml", "numpy")
ENGINE = ("pyspark", "delta-spark", "deltalake", "polars", "pyarrow", "numba", "dagster")
Lines = Iterable[Line]
BENCHMARKS: dict[str, dict[str, tuple[int, Callable[[int, Path, int], Lines]]]] = {  # each at its size
    "counting": {
        "pairs": (5_000_000, lambda n, f, rounds: counting.all_pairs(n, f, rounds)),
        "month": (5_000_000, lambda n, f, rounds: [counting.one_month(n, f, rounds)]),
        "every month": (1_000_000, lambda n, f, rounds: [counting.every_month(n, f, rounds)]),
    },
    "dcir": {
        "1M": (1_000_000, lambda n, f, rounds: dcir.flattening(n, f, rounds)),
        "10M": (10_000_000, lambda n, f, rounds: dcir.flattening(n, f, rounds)),
    },
    "exposure": {"100M": (100_000_000, lambda n, f, rounds: [exposure.exposure_of(n, f, rounds)])},
    "messages": {s: (260, lambda n, f, rounds, s=s: [messages.compared(s, n, f, rounds)]) for s in messages.SOURCES},  # type: ignore[misc]
    "mgps": {
        "quantiles": (2_350_000, lambda n, _, rounds: [mgps.quantiles(n, rounds)]),
        "fits": (2_350_000, lambda n, _, rounds: [mgps.fits(n, rounds)]),
        "ic025": (6_800_000, lambda n, _, rounds: [mgps.exact_ic025(n, rounds)]),
    },
    "lasso": {"events": (1_000_000, lambda n, _, rounds: [lasso.compare(max(n, 100_000), 10, 1, rounds)])},
    "workbench": {"ranking": (1_200_000, lambda n, f, rounds: workbench.under_load(n, f, rounds))},
    "command": {"run": (20_000, lambda n, f, rounds: command.runs(max(n, 500), f, rounds))},
}


def main() -> None:
    """Print the machine and its load, then every comparison as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="Share of each benchmark's size.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", default=",".join(BENCHMARKS), help="Names, comma-separated.")
    given = parser.parse_args()
    sys.stdout.write(f"{machine()}\npeers: {versions(*PEERS)}\nengine: {versions(*ENGINE)}\n")
    missed = []
    for name in given.only.split(","):
        for size, run in BENCHMARKS[name].values():
            with tempfile.TemporaryDirectory() as folder:
                for line in run(max(1, round(size * given.size)), Path(folder), given.rounds):
                    say(line)
                    missed += [line.job] if line.is_missed else []
    if missed:
        sys.exit(f"{len(missed)} targets are missed: {'; '.join(missed)}")


if __name__ == "__main__":
    main()
