"""Processor seconds and peak memory of this process and all it started, and the line of the table."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of the benchmark table: seconds are processor seconds."""

    job: str
    peer: str
    ours: float
    theirs: float
    limit: float  # largest ratio that the project allows itself
    said: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    def __str__(self) -> str:
        """Return the line as it is printed."""
        verdict = "ok" if self.ratio <= self.limit else "OVER"
        return (
            f"{self.job:<58} {self.ours:9.2f} s  {self.peer:<38} {self.theirs:9.2f} s  "
            f"ratio {self.ratio:6.3f} (at most {self.limit:g}) {verdict}  {self.said}"
        )


def say(line: Line) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass
class Cost:
    """What a block cost: processor and wall seconds, largest memory (bytes, shared pages counted once)."""

    processor: float = 0.0
    wall: float = 0.0
    peak: int = 0


def measured(work: Callable[[], Any], with_memory: bool = False) -> tuple[Any, Cost]:
    """Run and measure. Processes are looked at every half second, memory where asked for.

    A process that ends while the work runs counts with what it was last seen to have used: the engine lets go of idle
    workers, whose seconds no parent keeps.
    """
    cost, done = Cost(), threading.Event()
    first = _processors()
    last = dict(first)
    watcher = threading.Thread(target=_watch, args=(cost, last, with_memory, done), daemon=True)
    start = time.monotonic()
    watcher.start()
    result = work()
    cost.wall = time.monotonic() - start
    done.set()
    watcher.join()
    last |= _processors()
    cost.processor = sum(used - first.get(process, 0.0) for process, used in last.items())
    return result, cost


def _processors() -> dict[tuple[int, str], float]:
    """Processor seconds of this process and each living descendant, by process and its start."""
    tick = os.sysconf("SC_CLK_TCK")
    stats = {pid: _stat(pid) for pid in _family()}
    return {(pid, f[19]): sum(int(x) for x in f[11:13]) / tick for pid, f in stats.items() if f}


def _watch(cost: Cost, last: dict[tuple[int, str], float], with_memory: bool, done: threading.Event) -> None:
    while not done.wait(0.5):
        last |= _processors()
        if with_memory:
            cost.peak = max(cost.peak, sum(_proportional(pid) for pid in _family()))


def _family() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents[int(entry.name)] = int(fields[1])
    mine, grew = {os.getpid()}, True
    while grew:
        more = {p for p, parent in parents.items() if parent in mine} - mine
        mine |= more
        grew = bool(more)
    return sorted(mine)


def _stat(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)
