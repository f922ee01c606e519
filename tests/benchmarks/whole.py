"""The whole engine once: coded reports to cube, prior, every score of every pair, and every pair's course.

`python -m tests.benchmarks.whole [--reports N]`: seconds, memory and bytes written of each step.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.counting import FIRST_MONTH, MONTHS, platform_of, write
from tests.benchmarks.measure import measured

CUBE, SILVER = "gold.pair_change", "silver.coded_report"


def steps(platform: Any) -> dict[str, Callable[[], Any]]:
    """Each step by the table that it writes."""
    from pipelines.defs.gold.disproportionality import course, prior, score
    from pipelines.defs.gold.disproportionality.populations import whole
    from pipelines.defs.gold.disproportionality.shared import strata
    from pipelines.defs.gold.disproportionality.tables import Prior, Signal
    from pipelines.defs.gold.pair_change.build import rebuild

    lake = platform.lake

    def scored() -> Any:
        priors = [row.asDict() for row in lake["gold.prior"].collect()]
        return score.publish(lake, Signal, whole(strata(lake)), priors, {}, 500, "latest")

    return {
        CUBE: lambda: rebuild(lake, lake.versions([SILVER])),
        "gold.prior": lambda: lake.replace(Prior, prior.prior(lake, platform), {}),
        "gold.signal": scored,
        "gold.signal_course": lambda: course.publish(lake, {}, 500),
    }


def size(folder: Path) -> int:
    """Bytes of the files under a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def main() -> None:
    """Run every step and print what it cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reports", type=int, default=40_000_000)
    n = parser.parse_args().reports
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    sys.stdout.write(f"{n:,} reports over {MONTHS} months, {os.cpu_count()} processors, load {load}\n")
    with tempfile.TemporaryDirectory() as folder:
        reports = Path(folder) / "reports"
        write(reports, n, FIRST_MONTH, MONTHS, seed=1)
        platform = platform_of(Path(folder), reports)
        lake = platform.lake
        sys.stdout.write(f"{SILVER}: {size(Path(lake.path(SILVER))) / 2**30:.2f} GiB\n")
        total = 0.0
        for name, work in steps(platform).items():
            _, cost = measured(work, with_memory=True)
            total += cost.wall
            sys.stdout.write(
                f"{name:<20} {lake.n_rows(name):>13,} rows {size(Path(lake.path(name))) / 2**30:6.2f} GiB written "
                f"{cost.wall:8.1f} s wall {cost.processor:8.1f} s processor {cost.peak / 2**30:6.1f} GiB peak\n"
            )
            sys.stdout.flush()
        sys.stdout.write(f"all steps {total:.1f} s wall\n")


if __name__ == "__main__":
    main()
