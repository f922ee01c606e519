"""All benchmarks, one line each. `python -m tests.benchmarks [--reports N]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import counting, dcir, exposure, lasso, mgps
from tests.benchmarks.measure import say


def main() -> None:
    """Print the machine and its load, then every comparison as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=5_000_000)
    n = parser.parse_args().reports
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    sys.stdout.write(f"{platform.machine()}, {os.cpu_count()} processors, load {load}; processor seconds\n")
    with tempfile.TemporaryDirectory() as folder:
        say(counting.all_pairs(n, Path(folder)))
        say(counting.one_month(n, Path(folder)))
        say(counting.every_month(1_000_000, Path(folder)))
    with tempfile.TemporaryDirectory() as folder:
        line, cost = dcir.flattening(10_000_000, Path(folder))
        say(line)
        say(dcir.one_month(10_000_000, Path(folder), cost))
    with tempfile.TemporaryDirectory() as folder:
        say(exposure.exposure_of(20_000_000, Path(folder)))
    say(mgps.quantiles(2_350_000))
    say(mgps.fits(2_350_000))
    say(mgps.exact_ic025(6_800_000))
    say(lasso.compare(1_000_000, 10, 1))


if __name__ == "__main__":
    main()
