"""Messages parsed on Spark against the same extraction with lxml in one plain process, on the same file.

`python -m tests.benchmarks.messages [--megabytes N]` prints messages and megabytes per second and per core, the ratio of
throughput, and the largest memory of a worker at a quarter of the size and at the whole: it must not grow.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import os
import tempfile
from functools import partial
from pathlib import Path

from pyarrow import fs

from pipelines.core.ledger import Quarantine
from pipelines.files.splits import parts
from pipelines.files.xml import hl7
from pipelines.frames.spark import session
from pipelines.intake.task import READ_SQL, Job, read_job
from pipelines.lake import file_tasks
from pipelines.privacy.pseudonyms import Pseudonymiser
from pipelines.simulator.world import build
from tests.benchmarks.measure import ROUNDS, Line, in_turn, measured, say, target_at

PART_BYTES = 16 << 20
TARGETS = {260: 1.8}  # by megabytes
SOURCES = {"e2b": ("e2b_icsr", "r3"), "gl42": ("gl42_report", "message")}


def main() -> None:
    """Print a line a source."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=260)
    size = parser.parse_args().megabytes
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as folder:
            say(compared(source, size, Path(folder)))


def compared(source: str, megabytes: int, folder: Path, rounds: int = ROUNDS) -> Line:
    """Parse one file both ways, a quarter of it first to see whether memory grows."""
    small, n_small = written(source, megabytes // 4, folder / "small.xml")
    big, n = written(source, megabytes, folder / "big.xml")
    ours(source, small)  # workers and classes are there
    peak_small = measured(lambda: ours(source, small), with_memory=True)[1].peak
    turns = in_turn(lambda: ours(source, big), lambda: theirs(source, big), rounds)
    assert turns.our_result == turns.their_result == n, (turns.our_result, turns.their_result, n)
    mb, peak = big.stat().st_size / 1e6, max(cost.peak for cost in turns.ours)
    rates = [[n / cost.wall for cost in side] for side in (turns.ours, turns.theirs)]
    said = f"{mb:.0f} MB; memory {peak_small / 1e6:.0f} MB at {n_small:,}, {peak / 1e6:.0f} MB at {n:,}"
    job, target = f"{source}: {n:,} messages on {os.cpu_count()} processors", target_at(TARGETS, megabytes)
    return Line(job, "lxml in one process", *rates, target, said, unit="messages/s", at_least=True)


def written(source: str, megabytes: int, file: Path) -> tuple[Path, int]:
    """Write a batch of about so many megabytes from simulated messages; returns it and its number of messages."""
    simulate = importlib.import_module(f"pipelines.defs.sources.{source}.simulate")
    states = simulate._states(build(4_000, 1)).head(2_000)
    body = [simulate.message(row) for row in states.iter_rows(named=True)]
    if source == "e2b":
        head, body = simulate.HEAD.format(batch='"B"', time="2024"), [m for m in body if "priorityNumber" in m]
    else:
        head = simulate.HEAD.format(name="B")
    text = "\n".join(body).encode() + b"\n"
    times = max(1, megabytes * 1_000_000 // len(text))
    with file.open("wb") as out:
        out.write(head.encode())
        for _ in range(times):
            out.write(text)
        out.write(simulate.TAIL.encode())
    return file, times * len(body)


def ours(source: str, file: Path) -> int:
    """Read on Spark as ingestion does, files of the lake written; the number of rows kept."""
    package = f"pipelines.defs.sources.{source}"
    cut_at = importlib.import_module(f"{package}.read").CUT_AT
    name = SOURCES[source][0]
    jobs = [
        Job(str(file), None, f"{source}/x.xml", name, "d", dt.date(2024, 1, 1), part)
        for part in parts(fs.LocalFileSystem(), str(file), cut_at, part_bytes=PART_BYTES)
    ]
    with tempfile.TemporaryDirectory() as folder:
        places = {name: f"{folder}/kept", Quarantine.name: f"{folder}/aside"}
        read = partial(read_job, package=package, pseudonymiser=Pseudonymiser("k"), places=places)
        done = file_tasks.each(session(), jobs, read, READ_SQL).collect()
    return sum(row["n_rows"] for row in done if row["goes_to"] == name)


def theirs(source: str, file: Path) -> int:
    """Extract the same values with lxml's own incremental parser, in this process."""
    from lxml import etree

    module = importlib.import_module(f"pipelines.defs.sources.{source}.{SOURCES[source][1]}")
    cut_at = importlib.import_module(f"pipelines.defs.sources.{source}.read").CUT_AT
    n = 0
    for _, element in etree.iterparse(str(file), tag=hl7(cut_at), remove_comments=True):
        n += bool(module.message(element))
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return n


if __name__ == "__main__":
    main()
