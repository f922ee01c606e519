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
    """Run and measure; memory is looked at every half second where asked for."""
    cost, done = Cost(), threading.Event()
    watcher = threading.Thread(target=_watch, args=(cost, done), daemon=True)
    if with_memory:
        watcher.start()
    before, start = processor_seconds(), time.monotonic()
    result = work()
    cost.processor, cost.wall = processor_seconds() - before, time.monotonic() - start
    done.set()
    if with_memory:
        watcher.join()
    return result, cost


def processor_seconds() -> float:
    """Processor seconds so far of this process, its living descendants and those they have waited for."""
    tick = os.sysconf("SC_CLK_TCK")
    stats = {pid: _stat(pid) for pid in _family()}
    return sum(sum(int(x) for x in fields[11:15]) for fields in stats.values() if fields) / tick


def _watch(cost: Cost, done: threading.Event) -> None:
    while not done.wait(0.5):
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
