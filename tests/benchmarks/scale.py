"""What a report and a dispensed line cost, measured at three sizes: the constants of `infra/scale.py`.

`python -m tests.benchmarks.scale [--size 0.1] > infra/scale.toml`. Processor seconds of all processes, the engine's start
and the first, cold run aside; bytes as they lie in the lake.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import counting, dcir, exposure, messages
from tests.benchmarks.measure import machine, measured

SIZES = (250_000, 500_000, 1_000_000)
Found = tuple[int, float, int]  # units, processor seconds, bytes


def messages_taken_in(n: int, folder: Path) -> Found:
    """E2B(R3) messages read, checked and written; `n` reports."""
    file, n_messages = messages.written("e2b", max(1, n * messages_bytes() // 1_000_000), folder / "e2b.xml")
    messages.ours("e2b", file)
    _, cost = measured(lambda: messages.ours("e2b", file))
    return n_messages, cost.processor, file.stat().st_size


def messages_bytes() -> int:
    """Bytes of a simulated message."""
    with tempfile.TemporaryDirectory() as folder:
        file, n = messages.written("e2b", 1, Path(folder) / "one.xml")
        return file.stat().st_size // n


def reports_counted(n: int, folder: Path) -> Found:
    """Coded reports counted and every pair scored, all months at once; `n` reports."""
    counting.write(folder / "reports", n, counting.FIRST_MONTH, counting.MONTHS, 1)
    platform = counting.platform_of(folder, folder / "reports")
    counting.gerland_all_pairs(platform)
    _, cost = measured(lambda: counting.gerland_all_pairs(platform))
    return n, cost.processor, platform.lake.n_bytes("silver.coded_report") + platform.lake.n_bytes("gold.signal")


def lines_flattened(n: int, folder: Path) -> Found:
    """DCIR's tables brought to `silver.dispensing`; `n` prestation lines in the flows of two years."""
    platform = dcir.platform_of(folder, "2g")
    for flow in range(dcir.FLOWS):
        dcir.land(platform, dcir.FIRST + flow, n // dcir.FLOWS, max(1000, n // 20))
    dcir.flatten(platform)
    shutil.rmtree(platform.lake.path("silver.dispensing"))
    _, cost = measured(lambda: dcir.flatten(platform))
    kept = ("bronze.snds_er_prs_f", "bronze.snds_er_pha_f", "silver.dispensing")
    return n, cost.processor, sum(platform.lake.n_bytes(address) for address in kept)


def lines_exposed(n: int, folder: Path) -> Found:
    """Dispensed lines summed to exposure by substance, month, place, age and sex; `n` lines."""
    platform = exposure.platform_of(folder)
    exposure.write(platform, n, n // 5)
    exposure.ours(platform)
    shutil.rmtree(platform.lake.path("gold.exposure"))
    _, cost = measured(lambda: exposure.ours(platform))
    return n, cost.processor, platform.lake.n_bytes("gold.exposure")


STAGES: dict[str, tuple[str, float, Callable[[int, Path], Found]]] = {  # unit, share of the sizes
    "messages_taken_in": ("report", 0.04, messages_taken_in),
    "reports_counted": ("report", 1.0, reports_counted),
    "lines_flattened": ("line", 1.0, lines_flattened),
    "lines_exposed": ("line", 4.0, lines_exposed),
}


def told(size: float, only: list[str]) -> Iterator[str]:
    """Lines of the file of constants."""
    yield f"# Written by `python -m tests.benchmarks.scale --size {size:g}`. {machine()}"
    for name in only:
        unit, share, stage = STAGES[name]
        rows: list[Any] = []
        for n in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(stage(max(1, round(n * share * size)), Path(folder)))
        units, seconds, sizes = zip(*rows, strict=True)
        yield f'\n[{name}]\nunit = "{unit}"\nunits = {list(units)}'
        yield f"processor_seconds = {[round(s, 2) for s in seconds]}\nbytes = {list(sizes)}"


def main() -> None:
    """Print the constants as they are found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=1.0, help="Share of each size.")
    parser.add_argument("--only", default=",".join(STAGES), help="Stages, comma-separated.")
    given = parser.parse_args()
    for line in told(given.size, given.only.split(",")):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
